"""The arms that cannot be distinguished from the best one."""

from collections.abc import Hashable, Mapping
from itertools import combinations
from math import comb
from typing import TypeVar

import numpy as np
from scipy.special import stdtr

from gatebench.errors import UserError, unknown
from gatebench.measures.arm_scores import ArmScores, Direction, midranks, ranks
from gatebench.measures.comparisons import ALPHA, TESTS
from gatebench.measures.permutation import smallest_p, smallest_sign_flip_p
from gatebench.measures.welch import welch_p

Name = TypeVar("Name", bound=Hashable)


def best(arms: Mapping[Name, ArmScores], direction: Direction, *, test: str = "unpaired") -> set[Name]:
    """Return the arm with the best mean, and all arms that cannot be distinguished from it.

    An arm is left out if its difference from the arm with the best mean is significant in Welch's t test (paired: in
    the paired t test), corrected for all k(k-1)/2 pairs of arms (Šidák 1967), because the best mean is chosen after the
    scores are known. So the probability that any of several equal best arms is left out is at most 5 %: see the
    simulations in docs/statistics.md. Comparisons with the best are due to Hsu 1996, "Multiple Comparisons: Theory and
    Methods", chapter 4. Arms without any trial are left out.

    If a trial diverged, two arms are compared by the ranks of their scores, and a diverged trial has the worst rank.

    Raises:
        UserError: there is no such test, or the test is paired and the seeds of the arms differ.
        ValueError: a score is not finite.

    Examples:
        >>> a, b, c = ({seed: mean + 0.01 * seed for seed in range(8)} for mean in (0.9, 0.91, 0.5))
        >>> sorted(best({"a": ArmScores(a), "b": ArmScores(b), "c": ArmScores(c)}, "max"))
        ['a', 'b']
    """
    if test not in TESTS:
        raise unknown("test", test, TESTS)
    present = {name: arm.with_worst(direction) for name, arm in arms.items() if arm.n}
    if test == "paired":
        _check_seeds(present)
    if len(present) < 2:
        return set(present)
    top = _top(present, direction)
    pairs = comb(len(present), 2)
    kept = {top}
    for name, scores in present.items():
        p = _paired_p(scores, present[top]) if test == "paired" else _unpaired_p(scores, present[top])
        if 1 - (1 - p) ** pairs > ALPHA:
            kept.add(name)
    return kept


def _check_seeds(arms: Mapping[Name, Mapping[int, float]]) -> None:
    for (name, scores), (other, others) in combinations(arms.items(), 2):
        if scores.keys() != others.keys():
            seeds, other_seeds = (", ".join(map(str, sorted(values))) for values in (scores, others))
            raise UserError(f"The paired test needs equal seeds, but {name} has {seeds} and {other} has {other_seeds}.")


def _top(arms: Mapping[Name, Mapping[int, float]], direction: Direction) -> Name:
    """Return the arm with the best mean; if a trial diverged: the arm with the best mean rank among all scores."""
    values = np.concatenate([list(scores.values()) for scores in arms.values()])
    if not np.isfinite(values).all():
        values = ranks(values)
    ends = np.cumsum([len(scores) for scores in arms.values()])[:-1]
    means = dict(zip(arms, (float(part.mean()) for part in np.split(values, ends)), strict=True))
    return max(means, key=means.__getitem__) if direction == "max" else min(means, key=means.__getitem__)


def _unpaired_p(scores: Mapping[int, float], others: Mapping[int, float]) -> float:
    first, second = list(scores.values()), list(others.values())
    if not np.isfinite([*first, *second]).all():
        first, second = midranks(first, second)
    p = welch_p(first, second)
    if p is not None:
        return p
    # There is no spread, or one score only: nothing but the order of the scores is known.
    return smallest_p(len(first), len(second)) if np.mean(first) != np.mean(second) else 1.0


def _paired_p(scores: Mapping[int, float], others: Mapping[int, float]) -> float:
    pairs = [(scores[seed], others[seed]) for seed in sorted(scores)]
    differences = np.array([first - second if first != second else 0.0 for first, second in pairs])
    if not np.isfinite(differences).all():
        differences = np.sign(differences) * ranks(np.abs(differences))
    n = len(differences)
    error = float(np.std(differences, ddof=1)) / n**0.5 if n > 1 else 0.0
    if error <= 1e-12 * float(np.max(np.abs(differences))):
        return smallest_sign_flip_p(n) if np.any(differences) else 1.0
    return float(2 * stdtr(n - 1, -abs(float(differences.mean())) / error))
