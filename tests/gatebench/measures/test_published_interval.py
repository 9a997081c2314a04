"""The interval of a published value: its formula by scipy, and its coverage by simulation."""

import numpy as np
import pytest
from scipy import stats

from gatebench.measures.published_interval import expected_interval

SCORES = [8.41, 8.52, 8.47, 8.60, 8.44]


def test_without_a_deviation_it_is_the_prediction_interval() -> None:
    n, runs = len(SCORES), 4
    error = np.std(SCORES, ddof=1) * np.sqrt(1 / n + 1 / runs)
    expected = stats.t.interval(0.95, n - 1, float(np.mean(SCORES)), float(error))
    assert expected_interval(SCORES, runs=runs) == pytest.approx(expected)
    assert expected_interval(SCORES) == expected_interval(SCORES, runs=1)
    assert expected_interval(SCORES, sd=0.1) == expected_interval(SCORES)  # the number of runs is not known


@pytest.mark.parametrize("sd", [0.01, 0.1, 3.0])
def test_with_a_deviation_its_ends_have_a_welch_p_of_005(sd: float) -> None:
    interval = expected_interval(SCORES, runs=10, sd=sd)
    assert interval is not None
    for end in interval:
        moments = (float(np.mean(SCORES)), float(np.std(SCORES, ddof=1)), len(SCORES))
        test = stats.ttest_ind_from_stats(*moments, end, sd, 10, equal_var=False)
        assert test.pvalue == pytest.approx(0.05)


def test_the_last_digit_widens_it_by_half_of_it() -> None:
    plain, widened = expected_interval(SCORES), expected_interval(SCORES, digit=0.1)
    assert plain is not None
    assert widened == pytest.approx((plain[0] - 0.05, plain[1] + 0.05))


def test_scores_without_spread_and_too_few_scores() -> None:
    assert expected_interval([0.5, 0.5], digit=0.01) == pytest.approx((0.495, 0.505))
    assert expected_interval([0.5, 0.5], runs=3, sd=0.0) == pytest.approx((0.5, 0.5))
    assert expected_interval([0.5]) is None
    assert expected_interval([]) is None


@pytest.mark.parametrize("sd_known", [False, True])
def test_a_value_of_the_same_distribution_is_inside_in_95_percent(sd_known: bool) -> None:
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(2000):
        ours, theirs = rng.normal(size=5), rng.normal(size=10)
        sd = float(np.std(theirs, ddof=1)) if sd_known else None
        interval = expected_interval(ours.tolist(), runs=10, sd=sd)
        assert interval is not None
        inside += interval[0] <= float(np.mean(theirs)) <= interval[1]
    assert 0.935 < inside / 2000 < 0.965
