"""Hedges' g against hand-computed values, its definition, and nature (simulated coverage)."""

from math import gamma, sqrt

import numpy as np
import pytest
from scipy import stats

from gatebench.measures.effect_size import hedges_g


def test_g_by_hand() -> None:
    """Differences of 3, pooled s = √(5/3), J(6) = Γ(3) / (√3 Γ(2.5)) = 0.868635."""
    result = hedges_g([4, 5, 6, 7], [1, 2, 3, 4])
    assert result is not None
    assert result.mean == pytest.approx(gamma(3) / (sqrt(3) * gamma(2.5)) * 3 / sqrt(5 / 3), rel=1e-12)
    assert result.mean == pytest.approx(0.868635 * 2.323790, rel=1e-5)
    assert result.n == 4


def test_the_ends_are_the_noncentralities_that_put_the_observed_t_at_the_quantiles() -> None:
    first, second = [0.91, 0.93, 0.92, 0.95, 0.90], [0.88, 0.91, 0.90]
    result = hedges_g(first, second)
    t = stats.ttest_ind(first, second).statistic
    correction = gamma(3) / (sqrt(3) * gamma(2.5))
    root = sqrt(5 * 3 / 8)
    for end, probability in ((result.low, 0.975), (result.high, 0.025)):  # type: ignore[union-attr]
        assert end is not None
        assert stats.nct.cdf(t, 6, end / correction * root) == pytest.approx(probability, abs=1e-6)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    correction = gamma(5) / (sqrt(5) * gamma(4.5))
    estimates = [hedges_g(rng.normal(1.5, 1, 6).tolist(), rng.normal(0, 1, 6).tolist()) for _ in range(1500)]
    covered = np.mean([e.low <= 1.5 * correction <= e.high for e in estimates])  # type: ignore[union-attr,operator]
    assert covered == pytest.approx(0.95, abs=0.02)
    assert np.mean([e.mean for e in estimates]) == pytest.approx(1.5, abs=0.06)  # type: ignore[union-attr]


def test_the_sign_is_that_of_the_difference() -> None:
    up, down = hedges_g([1, 2, 3], [2, 4, 5]), hedges_g([2, 4, 5], [1, 2, 3])
    assert up is not None
    assert down is not None
    assert (up.mean, up.low, up.high) == pytest.approx((-down.mean, -down.high, -down.low), rel=1e-6)  # type: ignore[operator]


@pytest.mark.parametrize(("first", "second"), [([1.0], [2.0]), ([0.5] * 3, [0.1 + 0.2] * 3), ([1.0], [2.0, 3.0])])
def test_without_spread_there_is_no_effect_size(first: list[float], second: list[float]) -> None:
    assert hedges_g(first, second) is None


@pytest.mark.parametrize("n", [2, 8, 20])
def test_an_effect_of_any_size_has_an_interval(n: int) -> None:
    scores = np.linspace(-1, 1, n)
    ratios = []
    for shift in (900.0, 1100.0, 1e6, 1e11):  # t from about 500 to 1e12
        for sign in (1, -1):
            result = hedges_g((scores + sign * shift).tolist(), scores.tolist())
            assert result is not None
            assert result.low is not None
            assert result.high is not None
            assert result.low < result.mean < result.high
            ratios.append(sorted([result.low / result.mean, result.high / result.mean]))
    for ratio in ratios[1:]:
        assert ratio == pytest.approx(ratios[0], rel=1e-3)
