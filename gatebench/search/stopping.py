"""The early stopping of trials that are worse than earlier ones: the scores that a trial must reach to go on.

The rules compare the best validation score so far of a trial with those of the earlier batches of its arm at the same
epoch:

median  the median of the trials that were not stopped (Golovin et al., 2017, "Google Vizier")
asha    asynchronous successive halving (Li et al., 2020, "A system for massively parallel hyperparameter tuning"): at
        epochs r, 4 r, 16 r, …, the best quarter of the trials that reached the epoch goes on

Optuna's `MedianPruner` and `SuccessiveHalvingPruner` make the same decisions, which a test compares. They are not used
during training: a pruner asks a study that changes while trials run, so a result would depend on timing, and each
worker would need the study. Here the driver computes the scores before a trial starts. They are a part of the trial
and of its digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from statistics import median
from typing import Literal

NO_STOP = "none"

LEAST_REFERENCES = 5
"""The smallest number of earlier trials for the rule median. It is Optuna's default."""

REDUCTION = 4
"""The reduction factor η of the rule asha: the best 1/η of the trials goes on. It is Optuna's default."""

Direction = Literal["max", "min"]

StopScores = tuple[tuple[int, float], ...]
"""Pairs of an epoch, from 1, and the score that a trial must have reached after it to go on."""


@dataclass(frozen=True)
class Reference:
    """The validation scores of an earlier trial.

    Attributes:
        scores: the score of each epoch.
        stopped: whether the trial was stopped by a rule.
    """

    scores: Sequence[float]
    stopped: bool = False


def stop_scores(
    rule: str, references: Sequence[Reference], first: int, epochs: int, direction: Direction
) -> StopScores:
    """Return the scores that a trial must reach.

    Args:
        rule: a key of `RULES`.
        references: the earlier trials of the arm. None of them has diverged.
        first: the first epoch, from 1, after which a trial can be stopped.
        epochs: the largest number of epochs of a trial. After the last one, nothing is left to stop.
        direction: the direction of better scores.
    """
    sign = 1.0 if direction == "max" else -1.0
    scores = RULES[rule](references, first, epochs - 1, sign)
    return tuple((epoch, sign * score) for epoch, score in scores.items())


def _median(references: Sequence[Reference], first: int, last: int, sign: float) -> dict[int, float]:
    """Return {epoch: median of the best scores so far}. A trial that ended before keeps its best score."""
    curves = [_best_so_far(one.scores, sign) for one in references if not one.stopped]
    curves = [curve for curve in curves if curve]
    if len(curves) < LEAST_REFERENCES:
        return {}
    return {epoch: median(curve[min(epoch, len(curve)) - 1] for curve in curves) for epoch in range(first, last + 1)}


def _asha(references: Sequence[Reference], first: int, last: int, sign: float) -> dict[int, float]:
    """Return {epoch: score}. A trial with this score is among the best 1/η of those that reached the epoch.

    Let n earlier trials have reached the epoch. The trial goes on if it is among the best k = max(⌊(n + 1) / η⌋, 1) of
    n + 1 trials, which is the case if it is at least as good as the k-th best of the others.
    """
    found = {}
    epoch = first
    while epoch <= last:
        values = [_best_so_far(one.scores[:epoch], sign)[-1] for one in references if len(one.scores) >= epoch]
        if values:
            promoted = max((len(values) + 1) // REDUCTION, 1)
            found[epoch] = sorted(values, reverse=True)[promoted - 1]
        epoch *= REDUCTION
    return found


RULES: Mapping[str, Callable[[Sequence[Reference], int, int, float], dict[int, float]]] = {
    "median": _median,
    "asha": _asha,
}
"""{name in configs: function of the earlier trials, the first and the last epoch, and the sign of better scores}."""

STOPS = (NO_STOP, *RULES)
"""The allowed values of `search.stop`."""


def stop_epoch(scores: Sequence[float], required: StopScores, direction: Direction) -> int | None:
    """Return the first epoch, from 1, after which a trial is stopped; None if it goes on.

    Args:
        scores: the validation score of each epoch so far.
        required: the result of `stop_scores`.
        direction: the direction of better scores.
    """
    sign = 1.0 if direction == "max" else -1.0
    best = _best_so_far(scores, sign)
    return next((epoch for epoch, score in required if epoch <= len(best) and best[epoch - 1] < sign * score), None)


def _best_so_far(scores: Sequence[float], sign: float) -> list[float]:
    """Return the best score up to each epoch, multiplied by the sign, so that larger is better."""
    return list(accumulate((sign * score for score in scores if isfinite(score)), max))
