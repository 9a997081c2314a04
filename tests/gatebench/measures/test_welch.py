"""Welch's t test against scipy."""

import numpy as np
import pytest
from scipy import stats

from gatebench.measures.welch import welch_interval, welch_p


@pytest.mark.parametrize("sizes", [(2, 2), (3, 8), (8, 8), (20, 5)])
def test_p_and_interval_have_one_degree_of_freedom_less_than_those_of_scipy(sizes: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, sizes[0]), rng.normal(1, 3, sizes[1])
    scipys = stats.ttest_ind(first, second, equal_var=False)
    freedom = max(scipys.df - 1, min(sizes) - 1)
    p = welch_p(first.tolist(), second.tolist())
    assert p == pytest.approx(2 * stats.t.sf(abs(scipys.statistic), freedom), rel=1e-9)
    assert p is not None
    assert p >= scipys.pvalue
    difference = first.mean() - second.mean()
    half_width = stats.t.isf(0.005, freedom) * difference / scipys.statistic
    expected = difference - half_width, difference + half_width
    assert welch_interval(first.tolist(), second.tolist(), 0.99) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("spread", [1.0, 3.0])
def test_p_errs_as_rarely_as_it_says(spread: float) -> None:
    samples = np.random.default_rng(1).normal(0, 1, (4000, 2, 5)) * np.array([[1.0], [spread]])
    p_values = np.array([welch_p(first, second) for first, second in samples.tolist()], dtype=float)
    for level in (0.05, 0.01):
        assert np.mean(p_values <= level) < level + 3 * (level / 4000) ** 0.5


def test_one_arm_without_spread_is_compared() -> None:
    expected = stats.ttest_1samp([1.0, 2.0, 3.5], 1.0).pvalue
    assert welch_p([1.0, 2.0, 3.5], [1.0, 1.0, 1.0, 1.0]) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("first", "second"), [([1.0], [2.0, 3.0]), ([0.1] * 3, [0.3] * 3), ([0.1 + 0.2] * 2, [0.3] * 2)]
)
def test_without_spread_there_is_no_t(first: list[float], second: list[float]) -> None:
    assert welch_p(first, second) is None
    assert welch_interval(first, second, 0.95) is None
