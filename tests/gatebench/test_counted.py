"""Numbers of things in messages."""

from gatebench.counted import counted


def test_one_thing_has_no_plural() -> None:
    assert [counted(number, "trial") for number in (0, 1, 1234)] == ["0 trials", "1 trial", "1,234 trials"]
