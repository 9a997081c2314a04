import pytest

from gatebench.errors import UserError
from gatebench.setting_checks import LARGEST_COUNT, check_at_least, check_probability


def test_numbers_in_range_are_allowed() -> None:
    check_at_least("n", 1, 1)
    check_at_least("n", LARGEST_COUNT, 1)
    check_probability("p", 0.0)
    check_probability("p", 0.999)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (0, r"^n is 0; it must be a finite number of at least 1\.$"),
        (float("nan"), "n is nan"),
        (float("inf"), "n is inf"),
        (LARGEST_COUNT + 1, r"it must be at most 1,000,000,000\.$"),
    ],
)
def test_other_numbers_are_refused(value: float, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_at_least("n", value, 1)


@pytest.mark.parametrize("value", [-0.1, 1.0, float("nan")])
def test_a_probability_is_less_than_1(value: float) -> None:
    with pytest.raises(UserError, match=r"p is .*; it must be at least 0 and less than 1\."):
        check_probability("p", value)
