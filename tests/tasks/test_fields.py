import pytest

from gatebench.errors import UserError
from tasks.fields import check_choice, check_flag, check_number, check_whole


@pytest.mark.parametrize("value", [1, 2, 7])
def test_accepts_whole_numbers_in_range(value: int) -> None:
    check_whole("validation", value, 1, 7)
    check_whole("validation", value, 1)


@pytest.mark.parametrize("value", [0, 8, -1, 1.0, True, "1", None, float("nan"), [1]])
def test_refuses_all_else_in_one_sentence(value: object) -> None:
    with pytest.raises(UserError, match=r"^task\.validation is .*; it must be a whole number from 1 to 7\.$"):
        check_whole("validation", value, 1, 7)


def test_range_without_end() -> None:
    with pytest.raises(UserError, match=r"^task\.split_seed is -1; it must be a whole number of at least 0\.$"):
        check_whole("split_seed", -1, 0)


@pytest.mark.parametrize("value", [0, 0.5, 1, 1.0])
def test_accepts_numbers_in_range(value: float) -> None:
    check_number("noisy_share", value, 0, 1)


@pytest.mark.parametrize("value", [-0.1, 1.1, True, "1", None, float("nan"), float("inf"), [1]])
def test_refuses_what_is_no_number_in_range(value: object) -> None:
    with pytest.raises(UserError, match=r"^task\.noisy_share is .*; it must be a number from 0 to 1\.$"):
        check_number("noisy_share", value, 0, 1)


def test_flags() -> None:
    check_flag("silence", True)
    check_flag("silence", False)
    for value in (0, 1, None, "true"):
        with pytest.raises(UserError, match=r"^task\.silence is .*; it must be true or false\.$"):
            check_flag("silence", value)


def test_choices() -> None:
    check_choice("order", "row", ("pixel", "row"))
    for value in ("rows", None, ["row"], 1):
        with pytest.raises(UserError, match=r"^There is no task\.order .* Allowed: pixel, row\.$"):
            check_choice("order", value, ("pixel", "row"))
