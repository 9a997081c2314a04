"""Summaries over tasks against hand-computed values, scipy's trimmed mean and Mann-Whitney test, and simulation."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatebench.errors import UserError
from gatebench.measures.across_tasks import (
    TaskScores,
    across_tasks,
    interquartile_mean,
    normalised,
    probability_of_improvement,
)
from gatebench.measures.arm_scores import ArmScores, Direction

scores = st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=5)


def task(direction: Direction = "max", chance: float | None = 0.1, **arms: list[float]) -> TaskScores[str]:
    return TaskScores({name: ArmScores(dict(enumerate(values))) for name, values in arms.items()}, direction, chance)


def test_normalised_by_hand() -> None:
    assert normalised([0.1, 0.5, 0.9], 0.1, 0.5) == pytest.approx([0, 1, 2])
    assert normalised([3.0, 1.0], 2.0, 1.0) == [-1.0, 1.0]


@given(st.lists(scores, min_size=1, max_size=4))
def test_the_interquartile_mean_is_scipys_trimmed_mean(tasks: list[list[float]]) -> None:
    every = np.concatenate(tasks)
    result = interquartile_mean(tasks)
    assert result.mean == pytest.approx(stats.trim_mean(every, 0.25))
    assert result.n == every.size


def test_the_interquartile_mean_by_hand() -> None:
    """Ten scores: two are cut on each side, which leaves 3 to 8."""
    assert interquartile_mean([[1, 2, 3, 4, 5], [6, 7, 8, 9, 1000]]).mean == 5.5


@given(st.lists(st.tuples(scores, scores), min_size=1, max_size=4))
def test_the_probability_of_improvement_is_the_mean_of_mann_whitney(
    tasks: list[tuple[list[float], list[float]]],
) -> None:
    expected = [stats.mannwhitneyu(*pair).statistic / (len(pair[0]) * len(pair[1])) for pair in tasks]
    assert probability_of_improvement(tasks).mean == pytest.approx(np.mean(expected))


def test_the_bootstrap_is_stratified_and_seeded() -> None:
    """Each task's scores are equal, so that a resample within the tasks is the sample itself."""
    tasks = [[0.1] * 5, [0.9] * 5]
    result = interquartile_mean(tasks)
    assert (result.low, result.mean, result.high) == pytest.approx((0.5, 0.5, 0.5))
    random = np.random.default_rng(3)
    spread = random.normal(0, 1, (3, 8)).tolist()
    assert interquartile_mean(spread) == interquartile_mean(spread)


def test_intervals_are_those_of_scipys_bootstrap() -> None:
    """Of one task, scipy resamples the same; its ends differ by its random numbers."""
    random = np.random.default_rng(3)
    values = random.normal(0, 1, 20)

    def trimmed(values: np.ndarray, axis: int) -> Any:
        return stats.trim_mean(values, 0.25, axis=axis)

    scipys = stats.bootstrap([values], trimmed, method="percentile", rng=random).confidence_interval
    result = interquartile_mean([values.tolist()])
    assert (result.low, result.high) == pytest.approx((scipys.low, scipys.high), abs=0.03)


def test_intervals_cover_the_truth() -> None:
    """The percentile bootstrap is a little too narrow for 3 x 10 trials."""
    random = np.random.default_rng(5)
    covered = 0
    for _ in range(150):
        arm, baseline = random.normal(0.5, 1, (3, 10)), random.normal(0, 1, (3, 10))
        result = probability_of_improvement(list(zip(arm.tolist(), baseline.tolist(), strict=True)))
        assert result.low is not None
        assert result.high is not None
        covered += result.low <= stats.norm.cdf(0.5 / 2**0.5) <= result.high
    assert 0.87 < covered / 150 <= 1


def test_a_summary_by_hand() -> None:
    tasks = {
        "accuracy": task(lstm=[0.5, 0.5, 0.5, 0.5], gru=[0.7, 0.9, 0.3, 0.5]),
        "error": task("min", 2.0, lstm=[1.0, 1.0], gru=[0.5, 0.0]),
    }
    result = across_tasks(tasks, "lstm")
    lstm, gru = result.summaries["lstm"], result.summaries["gru"]
    assert lstm.improvement is None
    assert lstm.interquartile_mean is not None
    assert lstm.interquartile_mean.mean == pytest.approx(1)
    # Normalised: 1.5, 2, 0.5, 1 and 1.5, 2. One is cut on each side: 1, 1.5, 1.5, 2.
    assert gru.interquartile_mean is not None
    assert gru.interquartile_mean.mean == pytest.approx(1.5)
    # (0.5 + 0.25 / 2) and 1
    assert gru.improvement is not None
    assert gru.improvement.mean == pytest.approx((0.625 + 1) / 2)
    assert (gru.n, lstm.n) == (6, 6)
    assert not result.not_normalised
    assert not result.incomplete


def test_tasks_that_cannot_be_normalised_count_for_the_improvement_only() -> None:
    tasks = {
        "good": task(lstm=[0.5, 0.5], gru=[0.9, 0.9]),
        "loss": task("min", None, lstm=[1.0, 1.0], gru=[0.5, 2.0]),
        "hard": task(lstm=[0.1, 0.0], gru=[0.1, 0.1]),
        "lost": TaskScores({"lstm": ArmScores({}, frozenset({0})), "gru": ArmScores({0: 0.5})}, "max", 0.1),
    }
    result = across_tasks(tasks, "lstm")
    assert result.not_normalised == {
        "loss": "the task has no chance level",
        "hard": "the baseline is not better than chance",
        "lost": "every trial of the baseline diverged",
    }
    gru = result.summaries["gru"]
    assert gru.interquartile_mean is not None
    assert gru.interquartile_mean.mean == pytest.approx(2)
    assert gru.interquartile_mean.n == 2
    assert gru.improvement is not None
    assert gru.improvement.mean == pytest.approx((1 + 0.5 + 0.75 + 1) / 4)
    only_loss = across_tasks({"loss": tasks["loss"]}, "lstm").summaries["gru"]
    assert only_loss.interquartile_mean is None


def test_a_diverged_trial_is_a_blind_guess_and_loses_every_comparison() -> None:
    arms = {"lstm": ArmScores({0: 0.5, 1: 0.05}), "gru": ArmScores({0: 0.9}, frozenset({1}))}
    gru = across_tasks({"t": TaskScores(arms, "max", 0.1)}, "lstm").summaries["gru"]
    assert gru.interquartile_mean is not None
    assert gru.interquartile_mean.mean == pytest.approx((0.8 / 0.175 + 0) / 2)
    assert gru.improvement is not None
    assert gru.improvement.mean == 0.5


def test_cells_without_a_task_have_no_summary() -> None:
    tasks = {"a": task(lstm=[0.5], gru=[0.5]), "b": task(lstm=[0.5], rnn=[])}
    result = across_tasks(tasks, "lstm")
    assert list(result.summaries) == ["lstm"]
    assert result.incomplete == {"gru": ("b",), "rnn": ("a", "b")}
    with pytest.raises(UserError, match="no baseline 'gru' with trials on all tasks"):
        across_tasks(tasks, "gru")
