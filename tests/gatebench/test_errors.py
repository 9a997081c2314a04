from gatebench.errors import Refusal, UserError, unknown


def test_nothing_near_gives_no_guess() -> None:
    assert str(unknown("cell", "zzzzzz", ["lstm"])) == "There is no cell 'zzzzzz'. Allowed: lstm."


def test_nothing_allowed_is_said() -> None:
    assert str(unknown("cell", "a", [])).endswith("Allowed: none.")


def test_a_refusal_is_told_like_a_mistake() -> None:
    assert issubclass(Refusal, UserError)


def test_what_is_allowed_twice_is_named_once() -> None:
    assert str(unknown("cell", "a", ["gru", "gru"])).endswith("Allowed: gru.")
