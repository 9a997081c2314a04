"""The scores of one arm as numbers and texts. A trial that diverged counts as worse than every score."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from math import inf
from statistics import median

from gatebench.measures.estimates import Estimate, estimate
from gatebench.report.arms import Arm
from gatebench.report.number_format import MISSING, NumberFormat, number_format
from gatebench.report.run_metrics import record_name
from gatebench.task import Metric

DIVERGED = "diverged"
"""The text of a median that is the value of a diverged trial."""


def score_estimate(arm: Arm, metric: Metric) -> Estimate | None:
    """Return the mean score with its interval, clipped to the range of the metric.

    It is None if there is no score, or if a seed diverged: the mean of the others would flatter the arm.
    """
    name = record_name(metric)
    values = tuple(arm.scores(name).values())
    if not values or arm.diverged(name):
        return None
    return _estimate(values, low=metric.low, high=metric.high)


_estimate = lru_cache(maxsize=1024)(estimate)  # each is in several columns and notes, and decides on their formats


def score_median(arm: Arm, metric: Metric) -> float | None:
    """Return the median score, with the worst value (infinity, or minus infinity) for each seed that diverged.

    It is None if no trial has a result.
    """
    name = record_name(metric)
    worst = -inf if metric.direction == "max" else inf
    values = [*arm.scores(name).values(), *(worst for _ in arm.diverged(name))]
    return median(values) if values else None


def score_best(arm: Arm, metric: Metric) -> float | None:
    """Return the best score; None if there is none."""
    best: Callable[..., float] = max if metric.direction == "max" else min
    return best(arm.scores(record_name(metric)).values(), default=None)


def median_text(value: float | None, numbers: NumberFormat) -> str:
    """Return the text of a median."""
    if value is None:
        return MISSING
    return DIVERGED if abs(value) == inf else numbers.number(value)


def score_text(arm: Arm, metric: Metric, numbers: NumberFormat) -> str:
    """Return the mean with its interval, or the median and the share of trials that ended if a seed diverged.

    For example "81.3 ± 2.2" and "median 80.1, 5 of 8 ended".
    """
    name = record_name(metric)
    if arm.diverged(name):
        value = median_text(score_median(arm, metric), numbers)
        number = value if value == DIVERGED else f"median {value}"
        return f"{number}, {len(arm.scores(name))} of {len(arm.trials)} ended"
    mean = score_estimate(arm, metric)
    return MISSING if mean is None else numbers.estimate(mean)


def score_format(arms: Sequence[Arm], metric: Metric) -> NumberFormat:
    """Return the format of the scores of all arms."""
    estimates = (score_estimate(arm, metric) for arm in arms)
    return number_format(metric, [one for one in estimates if one is not None])


def n_text(arm: Arm, metric: Metric) -> str:
    """Return the number of trials with a result, e.g. "8", or "7 of 8" if other arms have more or a trial failed."""
    name = record_name(metric)
    n = len(arm.scores(name)) + len(arm.diverged(name))
    return str(n) if n == len(arm.seeds) else f"{n} of {len(arm.seeds)}"


def scores_record(arm: Arm, scores: Mapping[int, float]) -> str:
    """Return scores by seed as one text for programs, unrounded: "0=0.81 1=0.83".

    If the seed does not identify a trial, its digest stands in place of the seed.
    """
    names = {key: trial.digest if arm.numbered else str(key) for key, trial in arm.trials.items()}
    return " ".join(f"{names[key]}={score!r}" for key, score in sorted(scores.items()))
