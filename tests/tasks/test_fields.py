import pytest

from gatebench.errors import UserError
from tasks.fields import check_whole


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
