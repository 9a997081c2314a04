"""The arms that cannot be distinguished from the best one.

The arm with the best mean is chosen after the scores are known. So its lead over the others is larger than that of an
arm that was chosen before, and a test that does not know this leaves out an equal arm in most tables of many arms. The
critical value of `best` is that of the lead of the best of equal arms.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from itertools import combinations
from math import comb
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from gatebench.errors import UserError, unknown
from gatebench.measures.arm_scores import ArmScores, Direction, ranks
from gatebench.measures.comparisons import ALPHA, TESTS
from gatebench.measures.permutation import permutation_p
from gatebench.measures.sign_flip import sign_flip_p

Floats = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)

NOMINAL = 0.04
"""The share of simulated tables of equal arms whose lead exceeds the critical value. The variances are estimated, which
costs up to another 0.01: see the simulations in docs/statistics.md."""

TABLES = 9_999
"""The number of tables of equal arms that are simulated for a critical value, with a fixed seed."""


def best(arms: Mapping[Name, ArmScores], direction: Direction, *, test: str = "unpaired") -> set[Name]:
    """Return the arm with the best mean, and all arms that cannot be distinguished from it.

    An arm is left out if both tests distinguish it from the arm with the best mean, `top`:

    1. Its t = (mean_top - mean) / √(s_top²/n_top + s²/n) exceeds the critical value. This is the 0.96 quantile of the
       largest such t among normal arms of equal means with the estimated variances, by simulation (a parametric
       bootstrap). After arms were left out, the critical value is computed again for the others, until no arm is left
       out. Paired: the t of the differences of equal seeds, and the two-sided 0.95 quantile of Student's t, corrected
       for all pairs of the arms that are left (Šidák 1967).
    2. The p of the permutation test of the two arms is at most 0.05, without a correction. So no arm is left out with
       three scores in each arm, or with five pairs.

    If several arms are equal and best, the probability that any of them is left out is at most 5 % in all simulations
    of docs/statistics.md. Comparisons with the best one: Hsu 1996, "Multiple Comparisons: Theory and Methods", chapters
    4 and 5. That critical value bounds the probability for one best arm only, and here it is bounded for all.

    If a trial diverged, the scores are replaced by their ranks among all scores, and a diverged trial has the worst
    rank. Arms without any trial are left out. An arm with one trial cannot be distinguished.

    Args:
        arms: {name: scores}.
        direction: whether a higher or a lower score is better.
        test: "unpaired", or "paired" if a seed fixes a split or a stream that all arms share.

    Raises:
        UserError: there is no such test, or the test is paired and the seeds of the arms differ.

    Examples:
        >>> a, b, c = ({seed: mean + 0.01 * seed for seed in range(8)} for mean in (0.9, 0.91, 0.5))
        >>> sorted(best({"a": ArmScores(a), "b": ArmScores(b), "c": ArmScores(c)}, "max"))
        ['a', 'b']
    """
    if test not in TESTS:
        raise unknown("test", test, TESTS)
    names = [name for name, arm in arms.items() if arm.n]
    if not names:
        return set()
    if test == "paired":
        _check_seeds({name: arms[name] for name in names})
    sign = 1.0 if direction == "max" else -1.0
    scores = [sign * values for values in _values([arms[name] for name in names], direction)]
    kept = _paired(np.stack(scores)) if test == "paired" else _unpaired(scores)
    return {names[index] for index in kept}


def _check_seeds(arms: Mapping[Name, ArmScores]) -> None:
    for (name, arm), (other, others) in combinations(arms.items(), 2):
        if arm.seeds != others.seeds:
            seeds, other_seeds = (", ".join(map(str, sorted(one.seeds))) for one in (arm, others))
            raise UserError(f"The paired test needs equal seeds, but {name} has {seeds} and {other} has {other_seeds}.")


def _values(arms: list[ArmScores], direction: Direction) -> list[Floats]:
    """Return the scores of each arm in the order of its seeds, or the ranks among all scores if a trial diverged."""
    by_seed = [dict(sorted(arm.with_worst(direction).items())) for arm in arms]
    values = np.concatenate([list(scores.values()) for scores in by_seed])
    if any(arm.diverged for arm in arms):
        values = ranks(values)
    return np.split(values, np.cumsum([arm.n for arm in arms])[:-1])


def _unpaired(scores: list[Floats]) -> list[int]:
    """Return the indices of the arms that are kept; larger is better."""
    counts = np.array([values.size for values in scores])
    means = np.array([values.mean() for values in scores])
    variances = np.array([values.var(ddof=1) if values.size > 1 else np.inf for values in scores])
    errors = without_rounding(variances, means) / counts
    top = int(np.argmax(means))

    def critical(kept: list[int]) -> float:
        known = [index for index in kept if counts[index] > 1]
        if len(known) < 2:
            return float("inf")
        return critical_value(errors[known], *_draws(tuple(counts[known].tolist())))

    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.nan_to_num((means[top] - means) / np.sqrt(errors[top] + errors), nan=0.0, posinf=np.inf)

    def p(index: int) -> float:
        return permutation_p(scores[index].tolist(), scores[top].tolist())

    return step_down(t, critical, p)


def without_rounding(variances: Floats, means: Floats) -> Floats:
    """Return the variances without those that are rounding: of equal scores."""
    return np.where(variances > 1e-24 * np.max(np.abs(means)) ** 2, variances, 0.0)


def step_down(t: Floats, critical: Callable[[list[int]], float], p: Callable[[int], float]) -> list[int]:
    """Return the indices of the arms that are kept.

    Args:
        t: the lead of the arm with the best mean over each arm in standard errors, shape (arms,).
        critical: returns the critical value of t for the arms that are left.
        p: returns the p of the permutation test of an arm and the arm with the best mean.
    """
    kept = list(range(t.size))
    while len(kept) > 1:
        limit = critical(kept)
        left_out = {index for index in kept if t[index] > limit and p(index) <= ALPHA}
        if not left_out:
            break
        kept = [index for index in kept if index not in left_out]
    return kept


def critical_value(errors: Floats, normal: Floats, chi_square: Floats) -> float:
    """Return the 0.96 quantile of the best arm's largest lead over another, in standard errors, among equal arms.

    Args:
        errors: the squared standard errors of the means of the arms, shape (arms,).
        normal: standard normal numbers, shape (tables, arms).
        chi_square: chi-square numbers with n - 1 degrees of freedom, divided by n - 1, shape (tables, arms).
    """
    means, squared = normal * np.sqrt(errors), chi_square * errors
    row = np.arange(len(means)), np.argmax(means, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        leads = (means[row][:, None] - means) / np.sqrt(squared[row][:, None] + squared)
    return _quantile(np.nan_to_num(leads, nan=0.0, posinf=np.inf).max(axis=1))


def _quantile(values: Floats) -> float:
    """Return the value that a share of 0.04 of the values and the observed one exceeds or equals (Davison 1997)."""
    rank = int(NOMINAL * (values.size + 1))
    return float(np.partition(values, values.size - rank)[values.size - rank])


@lru_cache(maxsize=16)
def _draws(counts: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return the random numbers of `critical_value` for arms with these numbers of scores."""
    random, shape = np.random.default_rng(0), (TABLES, len(counts))
    degrees = np.array(counts) - 1
    return random.standard_normal(shape), random.chisquare(degrees, shape) / degrees


def _paired(scores: Floats) -> list[int]:
    """Return the indices of the arms that are kept; larger is better. `scores` has the shape (arms, seeds)."""
    n = scores.shape[1]
    top = int(np.argmax(scores.mean(axis=1)))
    if n < 2:
        return list(range(len(scores)))
    differences = scores[top] - scores
    variances = without_rounding(differences.var(axis=1, ddof=1), scores.mean(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.nan_to_num(differences.mean(axis=1) / np.sqrt(variances / n), nan=0.0, posinf=np.inf)

    def critical(kept: list[int]) -> float:
        single = (1 - ALPHA) ** (1 / comb(len(kept), 2))
        return float(stdtrit(n - 1, (1 + single) / 2))

    return step_down(t, critical, lambda index: sign_flip_p(differences[index].tolist()))
