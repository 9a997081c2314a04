"""Simulations of the statistics of arms: how often they err, and how often they find a difference.

The procedures are those of `gatebench.measures`, for many tables at once. `tests/test_arm_simulation.py` compares them
with the procedures themselves, table by table. The present procedures are "new"; those before issue 10 are "old":
the sign-flip test of the differences paired by seed, and the best set by uncorrected paired t intervals.

A batch of tables is an array of shape (tables, arms, seeds). Arm 0 is the baseline.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from gatebench.measures.best_set import critical_value, leads, means_and_errors, permutation_limit, step_down
from gatebench.measures.permutation import smallest_p

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SPLITS = 4_999
"""The number of splits that are sampled for 10 and more seeds. The test itself samples 24,999."""

BOOTSTRAPS = 1_999
"""The number of simulated tables for a critical value of the best set, drawn anew for each batch of tables."""

PERMUTATIONS = 499
"""The number of permuted tables for a critical value of the best set, drawn anew for each batch of tables."""

BATCH = 100
"""The number of tables that share the random numbers for a critical value."""

SPREADS: Mapping[str, Callable[[int], Floats]] = {
    "equal": lambda arms: np.ones(arms),
    "baseline less": lambda arms: np.array([1.0] + [3.0] * (arms - 1)),
    "baseline more": lambda arms: np.array([3.0] + [1.0] * (arms - 1)),
    "in turn": lambda arms: np.resize([1.0, 3.0], arms),
}
"""Standard deviations of the arms, by name; the ratio of the unequal ones is 1:3."""

SHAPES: Mapping[str, Callable[[np.random.Generator, tuple[int, ...]], Floats]] = {
    "normal": lambda random, shape: random.standard_normal(shape),
    "t3": lambda random, shape: random.standard_t(3, shape) / 3**0.5,
    "uniform": lambda random, shape: (random.random(shape) - 0.5) * 12**0.5,
    "fail": lambda random, shape: random.standard_normal(shape) + 1 - 5 * (random.random(shape) < 0.2),
}
"""Distributions of scores, by name: normal; heavy tails (t with 3 degrees of freedom, variance 1); no tails (uniform,
variance 1); normal, but one run in five fails and loses 5 standard deviations."""


def tables(count: int, arms: int, seeds: int, spread: str, shape: str, seed: int = 0) -> Floats:
    """Return a batch of tables in which all arms have the mean 0."""
    random = np.random.default_rng([seed, arms, seeds])
    return SHAPES[shape](random, (count, arms, seeds)) * SPREADS[spread](arms)[:, None]


@lru_cache(maxsize=4)
def _signs(seeds: int) -> NDArray[np.float32]:
    """Return +1 for the scores in the first group and -1 for those in the second, for each split of two arms."""
    if seeds < 10:
        chosen = np.array(list(combinations(range(2 * seeds), seeds)))
        chosen = chosen[: len(chosen) // 2]  # the others are mirror images
    else:
        chosen = np.argsort(np.random.default_rng(1).random((SPLITS + 1, 2 * seeds)), axis=1)[:, :seeds]
        chosen[0] = np.arange(seeds)
    signs = np.full((len(chosen), 2 * seeds), -1, dtype=np.float32)
    np.put_along_axis(signs, chosen, 1, axis=1)
    return signs


@lru_cache(maxsize=4)
def _patterns(seeds: int) -> NDArray[np.float32]:
    """Return the sign patterns of the differences of two arms."""
    if seeds < 14:
        bits = np.arange(2 ** (seeds - 1))[:, None] >> np.arange(seeds) & 1
    else:
        bits = np.random.default_rng(1).integers(0, 2, (SPLITS + 1, seeds))
        bits[0] = 0
    return (1 - 2 * bits).astype(np.float32)


def _share_as_extreme(signs: NDArray[np.float32], values: Floats) -> Floats:
    """Return the share of the rows of `signs` with an absolute signed sum of at least that of row 0."""
    share = np.empty(len(values))
    for start in range(0, len(values), 500):
        sums = np.abs(values[start : start + 500].astype(np.float32) @ signs.T)
        share[start : start + 500] = np.mean(sums >= sums[:, :1] * (1 - 1e-5), axis=1)
    return share


def new_p(arm: Floats, baseline: Floats) -> Floats:
    """Return the unpaired p of each table, for arms of shape (tables, seeds)."""
    seeds = arm.shape[1]
    both = np.concatenate([arm, baseline], axis=1)
    permutation = _share_as_extreme(_signs(seeds), both - both.mean(axis=1, keepdims=True))
    first, second = (scores.var(axis=1, ddof=1) / seeds for scores in (arm, baseline))
    freedom = np.maximum((first + second) ** 2 * (seeds - 1) / (first**2 + second**2) - 1, seeds - 1)
    t = (arm.mean(axis=1) - baseline.mean(axis=1)) / np.sqrt(first + second)
    p: Floats = np.maximum(permutation, 2 * stdtr(freedom, -np.abs(t)))
    return p


def old_p(arm: Floats, baseline: Floats) -> Floats:
    """Return the paired p of each table, for arms of shape (tables, seeds)."""
    return _share_as_extreme(_patterns(arm.shape[1]), arm - baseline)


def holm(p: Floats) -> Floats:
    """Return Holm's corrected p-values, for p of shape (tables, comparisons)."""
    order = np.argsort(p, axis=1)
    factors = p.shape[1] - np.arange(p.shape[1])
    ranked = np.maximum.accumulate(np.take_along_axis(p, order, axis=1) * factors, axis=1)
    corrected = np.empty_like(p)
    np.put_along_axis(corrected, order, np.minimum(ranked, 1), axis=1)
    return corrected


def p_values(batch: Floats, test: Callable[[Floats, Floats], Floats]) -> Floats:
    """Return the uncorrected p of each arm and the baseline, shape (tables, arms - 1)."""
    return np.stack([test(batch[:, arm], batch[:, 0]) for arm in range(1, batch.shape[1])], axis=1)


def wrong_intervals(batch: Floats, differences: Floats) -> Bools:
    """Return for each table whether any interval of a difference misses the true one, shape (tables,).

    An interval of the level 1 - 0.05/m contains a difference if its p exceeds 0.05/m. A significant difference's
    interval ends at 0.

    Args:
        batch: tables in which all arms have the mean 0.
        differences: the true differences of the arms from the baseline, shape (arms - 1,).
    """
    shifted = batch.copy()
    shifted[:, 1:] += differences[:, None]
    missed = p_values(batch, new_p) <= 0.05 / differences.size
    significant = holm(p_values(shifted, new_p)) <= 0.05
    means = shifted[:, 1:].mean(axis=2) - shifted[:, :1].mean(axis=2)
    wrong_sign = significant & (np.sign(means) != np.sign(differences))
    wrong: Bools = (missed | wrong_sign).any(axis=1)
    return wrong


def new_best(batch: Floats) -> Bools:
    """Return which arms are left out of the best set, shape (tables, arms)."""
    count, arms, seeds = batch.shape
    if smallest_p(seeds, seeds) > 0.05:
        return np.zeros((count, arms), dtype=bool)
    counts = np.full(arms, seeds)
    means, errors = means_and_errors(batch.reshape(count, arms * seeds), counts)
    every_t = leads(means, errors)
    left_out = np.ones((count, arms), dtype=bool)
    random = np.random.default_rng(2)
    for table, t in enumerate(every_t):
        if table % BATCH == 0:
            normal = random.standard_normal((BOOTSTRAPS, arms))
            chi_square = random.chisquare(seeds - 1, (BOOTSTRAPS, arms)) / (seeds - 1)
            orders = {size: _orders(random, size * seeds) for size in range(2, arms + 1)}

        def critical(kept: list[int], table: int = table, t: Floats = t) -> float:
            limit = critical_value(errors[table, kept], normal[:, kept], chi_square[:, kept])  # noqa: B023
            if not np.any(t[kept] > limit):
                return limit
            return max(limit, permutation_limit(batch[table, kept].ravel(), counts[kept], orders[len(kept)]))  # noqa: B023

        left_out[table, step_down(t, critical)] = False
    return left_out


def _orders(random: np.random.Generator, total: int) -> NDArray[np.int_]:
    return np.argsort(random.random((PERMUTATIONS, total)), axis=1)


def old_best(batch: Floats) -> Bools:
    """Return which arms the uncorrected paired intervals leave out of the best set, shape (tables, arms)."""
    count, _, seeds = batch.shape
    top = batch[np.arange(count), np.argmax(batch.mean(axis=2), axis=1)]
    differences = top[:, None] - batch
    half_widths = stdtrit(seeds - 1, 0.975) * differences.std(axis=2, ddof=1) / seeds**0.5
    left_out: Bools = differences.mean(axis=2) > half_widths
    return left_out
