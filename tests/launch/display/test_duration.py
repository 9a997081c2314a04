import pytest

from launch.display.duration import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599.6, "1 h 0 min"), (86400, "1 d 0 h"), (90061, "1 d 1 h")],
)
def test_two_units_are_shown(seconds: float, text: str) -> None:
    assert duration(seconds) == text
