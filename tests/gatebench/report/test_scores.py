"""The scores of an arm: means of complete arms, medians and shares of diverged ones."""

from dataclasses import replace
from math import inf

import pytest

from gatebench.outcome import Outcome
from gatebench.report.arms import Arm, arms_of
from gatebench.report.scores import (
    median_text,
    n_text,
    score_best,
    score_estimate,
    score_format,
    score_median,
    score_text,
    scores_record,
)
from gatebench.task import Metric
from tests.gatebench.report.studies import ACCURACY, outcome, scored

MSE = Metric("mse", "min")


def arm(outcomes: list[Outcome]) -> Arm:
    (only,) = arms_of(outcomes)
    return only


def diverging(*seeds: int) -> Arm:
    """Return an arm with the scores 0.80, 0.81, … of which these seeds diverged."""
    outcomes = [outcome("a", seed, 0.8 + seed / 100) for seed in range(5)]
    return arm([replace(one, status="diverged") if one.seed in seeds else one for one in outcomes])


def text(one: Arm) -> str:
    return score_text(one, ACCURACY, score_format([one], ACCURACY))


def test_a_complete_arm_has_a_mean_with_an_interval() -> None:
    # By hand: t(0.975, 4) = 2.7764, s = 1.5811 points.
    assert text(diverging()) == "82.0 ± 2.0"
    assert score_median(diverging(), ACCURACY) == pytest.approx(0.82)
    assert score_best(diverging(), ACCURACY) == pytest.approx(0.84)
    assert score_best(diverging(), MSE) == 0.8


def test_an_interval_stays_within_the_range_of_the_metric() -> None:
    bounded = Metric("accuracy", "max", low=0, high=1)
    near_one = arm([outcome("a", seed, score) for seed, score in enumerate((1.0, 0.999, 0.98))])
    mean = score_estimate(near_one, bounded)
    assert mean is not None
    assert (mean.high, mean.clipped) == (1, True)
    assert score_text(near_one, bounded, score_format([near_one], bounded)) == "99.3 [96.5, 100.0]"


@pytest.mark.parametrize(
    ("seeds", "expected"),
    [
        ((0,), "median 82.00, 4 of 5 ended"),
        ((4, 3), "median 80.00, 3 of 5 ended"),
        ((0, 1, 2), "diverged, 2 of 5 ended"),
        ((0, 1, 2, 3, 4), "diverged, 0 of 5 ended"),
    ],
)
def test_diverged_seeds_count_as_the_worst_and_there_is_no_mean(seeds: tuple[int, ...], expected: str) -> None:
    assert score_estimate(diverging(*seeds), ACCURACY) is None
    assert text(diverging(*seeds)) == expected


def test_a_diverged_seed_is_the_largest_error() -> None:
    assert score_median(diverging(0, 1, 2), ACCURACY) == -inf
    assert score_median(diverging(0, 1, 2), MSE) == inf
    assert median_text(inf, score_format([], MSE)) == "diverged"
    assert score_median(diverging(4), MSE) == pytest.approx(0.82)


def test_an_arm_without_a_result_has_no_score() -> None:
    nothing = arm([replace(one, status="failed") for one in scored(a=0.5)])
    assert (text(nothing), n_text(nothing, ACCURACY)) == ("–", "0 of 8")
    assert (score_median(nothing, ACCURACY), score_best(nothing, ACCURACY)) == (None, None)
    assert median_text(None, score_format([], ACCURACY)) == "–"


def test_n_counts_diverged_seeds_and_names_all_seeds_if_some_have_no_result() -> None:
    assert n_text(diverging(0), ACCURACY) == "5"
    short, _ = arms_of([outcome("a", 0, 0.5), outcome("b", 0, 0.5), outcome("b", 1, 0.5)])
    assert n_text(short, ACCURACY) == "1 of 2"


def test_the_scores_of_all_seeds_are_one_text() -> None:
    (arm,) = arms_of([outcome("a", seed, 0.5) for seed in (0, 1)])
    assert scores_record(arm, {1: 0.1 + 0.2, 0: 0.5}) == "0=0.5 1=0.30000000000000004"
    numbered = replace(arm, numbered=True)
    assert scores_record(numbered, {1: 0.25}) == f"{arm.trials[1].digest}=0.25"
