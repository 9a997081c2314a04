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

from gatebench.errors import UserError, unknown
from gatebench.measures.arm_scores import ArmScores, Direction, ranks
from gatebench.measures.comparisons import ALPHA, TESTS
from gatebench.measures.distributions import t_quantile
from gatebench.measures.permutation import TIE, random_orders, smallest_p
from gatebench.measures.sign_flip import sign_flip_p

Floats = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)

NOMINAL = 0.04
"""The share of simulated tables of equal arms whose lead exceeds the critical value. The variances are estimated, which
costs up to another 0.01: see the simulations in docs/statistics.md."""

TABLES = 9_999
"""The number of simulated tables of normal arms for a critical value, with a fixed seed."""

PERMUTATIONS = 1_999
"""The number of permuted tables for a critical value, with a fixed seed."""

_AT_ONCE = 250  # permutations that are computed at a time: thousands of scores would need gigabytes

ROUNDING = 1e-13
"""The share of the sum of squares up to which a variance is rounding: that of equal scores."""


def best(arms: Mapping[Name, ArmScores], direction: Direction, *, test: str = "unpaired") -> set[Name]:
    """Return the arm with the best mean, and all arms that cannot be distinguished from it.

    An arm is left out if its t = (mean_top - mean) / √(s_top²/n_top + s²/n) exceeds two critical values, with `top` the
    arm with the best mean. Both are quantiles of the largest such t in tables of equal arms:

    1. the 0.96 quantile among tables of normal arms with the estimated variances (a parametric bootstrap);
    2. the 0.95 quantile among tables in which the scores of all arms are permuted.

    After arms were left out, both are computed again for the others, until no arm is left out. The first holds for
    unequal variances, and the second for scores of any distribution that the arms share. With so few trials that the
    permutation test of the two arms cannot reach 0.05, e.g. three in each, no arm is left out.

    Paired: t is that of the differences of equal seeds. Its critical value is the two-sided 0.95 quantile of Student's
    t, corrected for all pairs of the arms that are left (Šidák 1967). The p of the sign-flip test must be at most 0.05.

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
            raise UserError(
                f"The paired test needs equal seeds; {name} has the seeds {seeds}, and {other} has {other_seeds}. "
                "Use test=unpaired, or run the same seeds."
            )


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
    several = [index for index in range(len(scores)) if counts[index] > 1]
    top = int(np.argmax([values.mean() for values in scores]))
    if top not in several:
        return list(range(len(scores)))
    chosen = [scores[index] for index in several]
    means, errors = means_and_errors(np.concatenate(chosen)[None], counts[several])

    def critical(kept: list[int]) -> float:
        # The indices count the arms with several scores.
        limit = critical_value(errors[0, kept], *_draws(tuple(counts[several][kept].tolist())))
        if not np.any(t[kept] > limit):
            return limit
        together = np.concatenate([chosen[index] for index in kept])
        return max(limit, permutation_limit(together, counts[several][kept], _orders(together.size)))

    enough = [smallest_p(scores[index].size, scores[top].size) <= ALPHA for index in several]
    t = np.where(enough, leads(means, errors)[0], 0.0)
    left_out = set(several) - {several[index] for index in step_down(t, critical)}
    return [index for index in range(len(scores)) if index not in left_out]


def means_and_errors(tables: Floats, counts: NDArray[np.int_]) -> tuple[Floats, Floats]:
    """Return the means of arms and their squared standard errors, each of shape (tables, arms).

    Args:
        tables: the scores of all arms in a row, shape (tables, scores).
        counts: the number of scores of each arm, shape (arms,), at least 2.
    """
    centre = float(np.median(tables))
    deviations = tables - centre
    return _from_deviations(centre, deviations, deviations**2, counts)


def _from_deviations(
    centre: float, deviations: Floats, squares: Floats, counts: NDArray[np.int_]
) -> tuple[Floats, Floats]:
    """Return what `means_and_errors` returns, from the deviations from a centre and their squares."""
    starts = np.cumsum(counts) - counts
    sums = np.add.reduceat(deviations, starts, axis=1)
    sums_of_squares = np.add.reduceat(squares, starts, axis=1)
    variances = (sums_of_squares - sums**2 / counts) / (counts - 1)
    variances = np.where(variances > ROUNDING * sums_of_squares, variances, 0.0)
    return centre + sums / counts, variances / counts


def leads(means: Floats, errors: Floats) -> Floats:
    """Return the t of the difference of each arm from the one with the best mean, shape (tables, arms).

    It is 0 for equal means, and infinite if the means differ and the two arms have no spread.
    """
    row = np.arange(len(means)), np.argmax(means, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = (means[row][:, None] - means) / np.sqrt(errors[row][:, None] + errors)
    return np.asarray(np.nan_to_num(t, nan=0.0, posinf=np.inf))


def step_down(t: Floats, critical: Callable[[list[int]], float]) -> list[int]:
    """Return the indices of the arms that are kept.

    Args:
        t: the t of each arm's difference from the one with the best mean, shape (arms,).
        critical: returns the critical value of t for the arms that are left.
    """
    kept = list(range(t.size))
    while len(kept) > 1:
        limit = critical(kept) * (1 + TIE)
        remaining = [index for index in kept if t[index] <= limit]
        if len(remaining) == len(kept):
            break
        kept = remaining
    return kept


def critical_value(errors: Floats, normal: Floats, chi_square: Floats) -> float:
    """Return the 0.96 quantile of the best arm's largest lead over another, in standard errors, among equal arms.

    Args:
        errors: the squared standard errors of the means of the arms, shape (arms,).
        normal: standard normal numbers, shape (tables, arms).
        chi_square: chi-square numbers with n - 1 degrees of freedom, divided by n - 1, shape (tables, arms).
    """
    return _quantile(leads(normal * np.sqrt(errors), chi_square * errors).max(axis=1), NOMINAL)


def permutation_limit(scores: Floats, counts: NDArray[np.int_], orders: NDArray[np.integer]) -> float:
    """Return the 0.95 quantile of the best arm's largest lead, in standard errors, if all scores are permuted.

    Args:
        scores: the scores of all arms in a row, shape (scores,).
        counts: the number of scores of each arm, shape (arms,), at least 2.
        orders: permutations of the indices of the scores, shape (tables, scores).
    """
    centre = float(np.median(scores))
    deviations = scores - centre
    squares = deviations**2
    largest = []
    for start in range(0, len(orders), _AT_ONCE):
        part = orders[start : start + _AT_ONCE].astype(np.intp)
        largest.append(leads(*_from_deviations(centre, deviations[part], squares[part], counts)).max(axis=1))
    return _quantile(np.concatenate(largest), ALPHA)


def _quantile(values: Floats, share: float) -> float:
    """Return the number that this share of the values and the observed one exceeds or equals."""
    rank = int(share * (values.size + 1))
    return float(np.partition(values, values.size - rank)[values.size - rank])


@lru_cache(maxsize=16)
def _orders(total: int) -> NDArray[np.unsignedinteger]:
    """Return the permutations of `permutation_limit`, as small integers: they stay in memory."""
    small = np.min_scalar_type(total)
    return np.concatenate([orders.astype(small) for orders in random_orders(PERMUTATIONS, total)])


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
    variances = differences.var(axis=1, ddof=1)
    variances = np.where(variances > ROUNDING * (differences**2).sum(axis=1), variances, 0.0)
    t = leads(scores.mean(axis=1)[None], variances[None] / n)[0]
    allowed = np.array([sign_flip_p(row.tolist()) for row in differences]) <= ALPHA

    def critical(kept: list[int]) -> float:
        single = (1 - ALPHA) ** (1 / comb(len(kept), 2))
        return t_quantile(n - 1, (1 + single) / 2)

    return step_down(np.where(allowed, t, 0.0), critical)
