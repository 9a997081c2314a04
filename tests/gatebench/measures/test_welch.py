"""Welch's t test against scipy."""

import numpy as np
import pytest
from scipy import stats

from gatebench.measures.welch import welch_interval, welch_p


@pytest.mark.parametrize("sizes", [(2, 2), (3, 8), (8, 8), (20, 5)])
def test_p_and_interval_are_those_of_scipy(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, sizes[0]), rng.normal(1, 3, sizes[1])
    expected = stats.ttest_ind(first, second, equal_var=False)
    assert welch_p(first.tolist(), second.tolist()) == pytest.approx(expected.pvalue, rel=1e-9)
    interval = expected.confidence_interval(0.99)
    assert welch_interval(first.tolist(), second.tolist(), 0.99) == pytest.approx(
        (interval.low, interval.high), rel=1e-9
    )


def test_one_arm_without_spread_is_compared() -> None:
    expected = stats.ttest_1samp([1.0, 2.0, 3.5], 1.0).pvalue
    assert welch_p([1.0, 2.0, 3.5], [1.0, 1.0, 1.0, 1.0]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second"), [([1.0], [2.0, 3.0]), ([0.1] * 3, [0.3] * 3), ([0.1 + 0.2] * 2, [0.3] * 2)]
)
def test_without_spread_there_is_no_t(first: list[float], second: list[float]) -> None:
    assert welch_p(first, second) is None
    assert welch_interval(first, second, 0.95) is None
