"""Intervals of means against scipy, by hand, and against nature (simulated coverage)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatebench.measures.estimates import Estimate, estimate, finite

numbers = st.floats(-100, 100, allow_subnormal=False)


@given(st.lists(numbers, min_size=2, max_size=12).filter(lambda values: np.std(values) > 1e-6))
def test_interval_is_that_of_scipy(values: list[float]) -> None:
    got = estimate(values)
    expected = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=stats.sem(values))
    assert (got.low, got.high) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert got.n == len(values)
    assert got.symmetric
    assert not got.clipped


def test_interval_by_hand() -> None:
    """t(0.975, 2) = 4.302653, s = 1."""
    assert estimate([1, 2, 3]).half_width == pytest.approx(4.302653 / 3**0.5, rel=1e-6)
    assert estimate([5.0]) == Estimate(5.0, None, None, 1)
    assert estimate([5.0]).half_width is None
    assert not estimate([5.0]).symmetric
    assert estimate([0.1] * 3) == Estimate(0.1, 0.1, 0.1, 3)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    intervals = [estimate(list(sample)) for sample in rng.normal(0.8, 0.03, (4000, 5))]
    covered = np.mean([interval.low <= 0.8 <= interval.high for interval in intervals])  # type: ignore[operator]
    assert covered == pytest.approx(0.95, abs=0.012)  # 3.5 standard errors


def test_an_interval_ends_at_the_bounds_of_the_metric() -> None:
    whole, cut = estimate([0.99, 1.0, 1.0]), estimate([0.99, 1.0, 1.0], 0, 1)
    assert whole.high is not None
    assert whole.high > 1
    assert (cut.mean, cut.low, cut.high, cut.clipped, cut.symmetric) == (whole.mean, whole.low, 1.0, True, False)
    assert estimate([0.1, 0.0], low=0).low == 0
    assert estimate([0.4, 0.5, 0.6], 0, 1) == estimate([0.4, 0.5, 0.6])


def test_an_interval_contains_its_mean_although_the_bounds_are_wrong() -> None:
    result = estimate([1.5, 1.7], 0, 1)
    assert result.mean == result.high == pytest.approx(1.6)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")], [float("inf")]])
def test_no_values_and_no_numbers_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match=r"no values|not finite"):
        estimate(values)


def test_finite_returns_what_it_checks() -> None:
    assert finite([1.0, 2.0]) == [1.0, 2.0]
    with pytest.raises(ValueError, match="not finite"):
        finite([1.0, float("-inf")])
