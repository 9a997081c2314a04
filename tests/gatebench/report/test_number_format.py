"""How numbers are written."""

import pytest

from gatebench.measures.comparisons import Comparison
from gatebench.measures.estimates import Estimate
from gatebench.report.number_format import (
    count_text,
    effect_text,
    number_format,
    one_line,
    p_text,
    score_title,
    seconds_text,
)
from gatebench.task import Metric

ACCURACY, MSE = Metric("accuracy", "max"), Metric("mse", "min")


def symmetric(mean: float, half_width: float) -> Estimate:
    return Estimate(mean, mean - half_width, mean + half_width, 5)


@pytest.mark.parametrize(
    ("metric", "title"),
    [
        (ACCURACY, "accuracy % ↑"),
        (Metric("error_rate", "min"), "error rate % ↓"),
        (Metric("forgetting", "min", low=0, high=1), "forgetting % ↓"),
        (Metric("accuracy", "max", "points"), "accuracy points ↑"),
        (MSE, "mse ↓"),
        (Metric("loss", "min", "nats"), "loss nats ↓"),
    ],
)
def test_a_title_has_the_unit_and_the_direction(metric: Metric, title: str) -> None:
    assert score_title(metric, number_format(metric, []).unit) == title


@pytest.mark.parametrize(
    ("metric", "others", "expected"),
    [
        (ACCURACY, [], "92.31 ± 0.46"),
        (ACCURACY, [symmetric(0.9, 0.12)], "92.31 ± 0.46"),
        (ACCURACY, [symmetric(0.9, 0.0)], "92.31 ± 0.46"),
        (ACCURACY, [symmetric(0.9, 0.00012)], "92.310 ± 0.460"),
        (ACCURACY, [symmetric(0.9, 1e-9)], "92.3100 ± 0.4600"),
        (MSE, [symmetric(3e8, 2e8)], "0.9231 ± 0.0046"),
        (MSE, [symmetric(0.001, 0.0001)], "0.92310 ± 0.00460"),
    ],
    ids=["alone", "wider", "without spread", "narrower", "much narrower", "exploding", "small"],
)
def test_decimals_follow_the_smallest_interval_of_the_column(
    metric: Metric, others: list[Estimate], expected: str
) -> None:
    shown = symmetric(0.9231, 0.0046)
    assert number_format(metric, [shown, *others]).estimate(shown) == expected


def test_without_an_interval_a_typical_value_decides() -> None:
    single = [Estimate(value, None, None, 1) for value in (0.0621, 0.25, 4e9)]
    assert [number_format(MSE, single).estimate(one) for one in single] == ["0.0621", "0.2500", "4.00e9"]
    assert number_format(ACCURACY, single[:1]).estimate(single[0]) == "6.21"
    assert number_format(MSE, []).number(0.5) == "0.500"


def test_huge_values_are_written_with_an_exponent() -> None:
    numbers = number_format(MSE, [symmetric(0.5, 0.01)])
    assert numbers.estimate(symmetric(3.14e8, 2e7)) == "3.14e8 ± 2.00e7"
    assert numbers.number(-3e12, sign=True) == "−3.00e12"
    assert numbers.number(3e12, sign=True) == "+3.00e12"
    assert (numbers.number(float("inf")), numbers.number(float("-inf")), numbers.number(float("nan"))) == (
        "∞",
        "−∞",
        "–",
    )


def test_tiny_values_are_written_with_an_exponent() -> None:
    numbers = number_format(MSE, [symmetric(3.14e-12, 2e-13)])
    assert numbers.estimate(symmetric(3.14e-12, 2e-13)) == "3.14e−12 ± 2.00e−13"
    assert (numbers.number(0.5), numbers.number(0.0)) == ("5.00e−1", "0.000000000")
    assert number_format(MSE, [symmetric(3.14e-5, 2e-6)]).number(3.14e-5) == "0.0000314"


def test_an_interval_that_is_not_symmetric_is_written_with_its_ends() -> None:
    numbers = number_format(ACCURACY, [symmetric(0.5, 0.02)])
    assert numbers.estimate(Estimate(0.999, 0.995, 1.0, 5, clipped=True)) == "99.9 [99.5, 100.0]"
    assert numbers.estimate(Estimate(-0.05, -0.08, -0.01, 5), sign=True) == "−5.0 [−8.0, −1.0]"
    assert numbers.estimate(Estimate(0.05, 0.01, 0.12, 5), sign=True) == "+5.0 [+1.0, +12.0]"


def test_a_difference_has_a_sign() -> None:
    numbers = number_format(ACCURACY, [symmetric(-0.0045, 0.003)])
    assert numbers.estimate(symmetric(-0.0045, 0.003), sign=True) == "−0.45 ± 0.30"
    assert numbers.estimate(Estimate(0.0045, None, None, 1), sign=True) == "+0.45"
    assert numbers.estimate(symmetric(-1e-9, 0.0), sign=True) == "+0.00 ± 0.00"


@pytest.mark.parametrize(
    ("p", "attainable", "by_rank", "expected"),
    [
        (0.0394, True, False, "0.039"),
        (0.0004, True, False, "< 0.001"),
        (1.0, True, False, "1.000"),
        (0.0394, True, True, "0.039 (rank)"),
        (0.0625, False, False, "n too small"),
        (0.0625, False, True, "n too small"),
    ],
)
def test_a_p_that_could_not_be_small_is_not_shown(p: float, attainable: bool, by_rank: bool, expected: str) -> None:
    comparison = Comparison("all", None, 0.01, p, 0.01, attainable, None, by_rank, (5, 5))
    assert p_text(comparison) == expected


def test_effects_have_one_decimal() -> None:
    assert effect_text(None) == "–"
    assert effect_text(Estimate(-1.24, -2.31, -0.14, 5)) == "−1.2 [−2.3, −0.1]"
    assert effect_text(Estimate(-1.24, None, None, 1)) == "−1.2"


def test_counts_and_seconds() -> None:
    assert [count_text(None), count_text(17640), seconds_text(None)] == ["–", "17,640", "–"]
    assert [seconds_text(value) for value in (0.01234, 3.256, 98.4, 1234.5)] == ["0.0123", "3.26", "98", "1,234"]


def test_one_line_keeps_what_can_be_seen() -> None:
    assert one_line(" a\x1b[2J\n\tb\u2028c ± σ ") == "a [2J b c ± σ"
