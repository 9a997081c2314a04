"""Summaries of an arm's scores over several tasks.

Source of the definitions: Agarwal et al. 2021, "Deep reinforcement learning at the edge of the statistical precipice",
NeurIPS, sections 4.1 and 4.3. Intervals are those of a stratified bootstrap: each task's trials are resampled with
replacement, and the ends are the 2.5 and 97.5 percentiles of 5,000 resamples with a fixed seed.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import unknown
from gatebench.measures.arm_scores import ArmScores, Direction
from gatebench.measures.estimates import LEVEL, Estimate

Floats = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)

RESAMPLES = 5_000
"""The number of bootstrap resamples."""


@dataclass(frozen=True)
class TaskScores(Generic[Name]):
    """The scores of all arms on one task.

    Attributes:
        arms: {name: scores}.
        direction: whether a higher or a lower score is better.
        chance: the score of a blind guess; None if the task has none.
    """

    arms: Mapping[Name, ArmScores]
    direction: Direction
    chance: float | None = None


@dataclass(frozen=True)
class ArmSummary:
    """One arm over all tasks.

    Attributes:
        interquartile_mean: the interquartile mean of the normalised scores, see `normalised`; None if no task can be
            normalised.
        improvement: the probability that a trial of the arm scores better than a trial of the baseline; None for the
            baseline.
        n: the number of trials over all tasks.
    """

    interquartile_mean: Estimate | None
    improvement: Estimate | None
    n: int


@dataclass(frozen=True)
class AcrossTasks(Generic[Name]):
    """The summaries of all arms over several tasks.

    Attributes:
        summaries: {name: summary}, for the arms with a trial on every task.
        not_normalised: {task: reason} for the tasks that do not count in the interquartile means.
        incomplete: {name: tasks without a trial of this arm}, for the arms without a summary.
    """

    summaries: Mapping[Name, ArmSummary]
    not_normalised: Mapping[str, str] = field(default_factory=dict)
    incomplete: Mapping[Name, tuple[str, ...]] = field(default_factory=dict)


def across_tasks(tasks: Mapping[str, TaskScores[Name]], baseline: Name) -> AcrossTasks[Name]:
    """Return one summary for each arm that has a trial on every task.

    Raises:
        UserError: the baseline has no trial on a task.
    """
    names = list(dict.fromkeys(name for task in tasks.values() for name in task.arms))
    missing = {
        name: tuple(label for label, task in tasks.items() if name not in task.arms or not task.arms[name].n)
        for name in names
    }
    complete = [name for name in names if not missing[name]]
    if baseline not in complete:
        raise unknown("baseline", baseline, map(str, complete), where="with trials on all tasks")
    not_normalised: dict[str, str] = {}
    references: dict[str, float] = {}
    for label, task in tasks.items():
        values = task.arms[baseline].values()
        mean = float(np.mean(values)) if values else None
        reason = _obstacle(mean, task)
        if reason or mean is None:
            not_normalised[label] = reason
        else:
            references[label] = mean
    summaries = {
        name: ArmSummary(
            _interquartile_mean(name, tasks, references),
            None if name == baseline else _improvement(name, baseline, tasks),
            sum(task.arms[name].n for task in tasks.values()),
        )
        for name in complete
    }
    return AcrossTasks(summaries, not_normalised, {name: lacking for name, lacking in missing.items() if lacking})


def _obstacle(baseline: float | None, task: TaskScores[Name]) -> str:
    """Return why a task's scores cannot be normalised; "" if they can."""
    if task.chance is None:
        return "the task has no chance level"
    if baseline is None:
        return "every trial of the baseline diverged"
    better = baseline > task.chance if task.direction == "max" else baseline < task.chance
    return "" if better else "the baseline is not better than chance"


def _interquartile_mean(
    name: Name, tasks: Mapping[str, TaskScores[Name]], references: Mapping[str, float]
) -> Estimate | None:
    scores = []
    for label, reference in references.items():
        arm, chance = tasks[label].arms[name], tasks[label].chance or 0.0
        # A trial that diverged is as good as a blind guess: with an infinitely bad score there would be no mean.
        scores.append(normalised([*arm.values(), *[chance] * len(arm.diverged - arm.scores.keys())], chance, reference))
    return interquartile_mean(scores) if scores else None


def _improvement(name: Name, baseline: Name, tasks: Mapping[str, TaskScores[Name]]) -> Estimate:
    pairs = []
    for task in tasks.values():
        sign = 1 if task.direction == "max" else -1
        arm, base = (
            [sign * score for score in task.arms[one].with_worst(task.direction).values()] for one in (name, baseline)
        )
        pairs.append((arm, base))
    return probability_of_improvement(pairs)


def normalised(scores: Sequence[float], chance: float, reference: float) -> list[float]:
    """Return (score - chance) / (reference - chance): 0 is a blind guess, 1 is as good as the reference.

    Larger is better for both directions of a metric, if the reference is better than chance.

    Examples:
        >>> normalised([0.55, 0.9, 1.0], 0.1, 0.9)
        [0.5625, 1.0, 1.125]
        >>> normalised([1.5, 0.5], 2.5, 0.5)  # an error: smaller is better
        [0.5, 1.0]
    """
    return [(score - chance) / (reference - chance) for score in scores]


def interquartile_mean(tasks: Sequence[Sequence[float]]) -> Estimate:
    """Return the interquartile mean of all scores of all tasks, with its stratified bootstrap interval.

    Of N scores, the N/4 smallest and the N/4 largest are left out, rounded down. The rest is averaged.

    Args:
        tasks: the normalised scores of an arm on each task.

    Examples:
        >>> interquartile_mean([[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 70.0]]).mean  # of 2, 3, 4, 5
        3.5
    """
    random = np.random.default_rng(0)
    resampled = np.concatenate([_resample(random, np.array(scores, dtype=float)) for scores in tasks], axis=1)
    every = np.concatenate([np.array(scores, dtype=float) for scores in tasks])
    return _with_interval(float(_trimmed_mean(every)), _trimmed_mean(resampled), every.size)


def _trimmed_mean(values: Floats) -> Floats:
    """Return the mean over the last axis without a quarter of the values on either side."""
    n = values.shape[-1]
    cut = n // 4
    kept = np.sort(values, axis=-1)[..., cut : n - cut]
    return np.asarray(kept.mean(axis=-1))


def probability_of_improvement(tasks: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Estimate:
    """Return the mean over the tasks of P(X > Y) + P(X = Y)/2, with its stratified bootstrap interval.

    X is the score of a random trial of the arm and Y that of the baseline: P is the Mann-Whitney statistic, divided by
    the number of pairs. 0.5: neither is better.

    Args:
        tasks: the scores of the arm and of the baseline on each task; larger is better.

    Examples:
        >>> probability_of_improvement([([1.0, 2.0, 3.0], [1.0, 2.5])]).mean  # (3 + 1/2) of 6 pairs
        0.5833333333333334
    """
    random = np.random.default_rng(0)
    probability, resampled, n = 0.0, np.zeros(RESAMPLES), 0
    for arm, baseline in tasks:
        first, second = np.array(arm, dtype=float), np.array(baseline, dtype=float)
        probability += float(_share_better(first, second)) / len(tasks)
        resampled += _share_better(_resample(random, first), _resample(random, second)) / len(tasks)
        n += first.size
    return _with_interval(probability, resampled, n)


def _share_better(first: Floats, second: Floats) -> Floats:
    """Return the share of pairs in which `first` is larger over the last axis; a tie counts as a half."""
    left, right = first[..., :, None], second[..., None, :]
    return np.asarray((np.greater(left, right) + np.equal(left, right) / 2).mean(axis=(-2, -1)))


def _resample(random: np.random.Generator, values: Floats) -> Floats:
    """Return resamples of the values with replacement, shape (resamples, values)."""
    chosen: Floats = values[random.integers(0, values.size, (RESAMPLES, values.size))]
    return chosen


def _with_interval(estimate: float, resampled: Floats, n: int) -> Estimate:
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(estimate, float(low), float(high), n)
