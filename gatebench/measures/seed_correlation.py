"""The correlation of the scores of different arms at the same seed."""

from collections.abc import Hashable, Mapping
from functools import cache
from itertools import combinations
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gatebench.measures.arm_scores import ArmScores

Floats = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)

FEWEST_SEEDS = 3
"""The fewest seeds that two arms must share for a correlation."""


def seed_correlation(arms: Mapping[Name, ArmScores]) -> float | None:
    """Return the mean correlation of the scores of two arms over their shared seeds, over all pairs of arms.

    Pairing by seed pays if it is clearly positive. A pair counts if it shares at least three seeds with scores and
    neither arm's scores are all equal there.

    Returns:
        the mean of Pearson's correlations; None if no pair counts.

    Examples:
        >>> seed_correlation({"a": ArmScores({0: 1.0, 1: 2.0, 2: 4.0}), "b": ArmScores({0: 2.0, 1: 3.0, 2: 5.0})})
        1.0
    """
    scores = [arm.scores for arm in arms.values()]
    seeds = [frozenset(own) for own in scores]

    @cache
    def shared(first: frozenset[int], second: frozenset[int]) -> tuple[int, ...]:
        return tuple(sorted(first & second))

    @cache
    def values(arm: int, seeds: tuple[int, ...]) -> Floats:
        return np.array([scores[arm][seed] for seed in seeds])

    by_size: dict[int, dict[tuple[int, int], Floats]] = {}  # the pairs that share so many seeds
    for first, second in combinations(range(len(scores)), 2):
        both = shared(seeds[first], seeds[second])
        if len(both) >= FEWEST_SEEDS:
            pair = np.stack([values(first, both), values(second, both)])
            by_size.setdefault(len(both), {})[first, second] = pair
    found: dict[tuple[int, int], float] = {}
    for pairs in by_size.values():
        found |= zip(pairs, correlations(np.stack(list(pairs.values()))).tolist(), strict=True)
    defined = [found[pair] for pair in sorted(found) if not np.isnan(found[pair])]
    return round(float(np.mean(defined)), 12) if defined else None


def correlations(pairs: Floats) -> Floats:
    """Return Pearson's correlation of each pair of vectors, NaN if all values of a vector are equal.

    They are those of `np.corrcoef`, to the last bit.

    Args:
        pairs: the vectors, shape (pairs, 2, values).

    Returns:
        the correlations, shape (pairs,).
    """
    deviations = pairs - pairs.mean(axis=2, keepdims=True)
    covariances = deviations @ deviations.transpose(0, 2, 1)
    covariances *= 1 / (pairs.shape[2] - 1)
    # The deviation of equal scores may be rounding, and that of tiny scores 0.
    defined = np.minimum(np.ptp(pairs, axis=2), np.std(pairs, axis=2)).min(axis=1) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = np.sqrt(covariances[:, 0, 0]), np.sqrt(covariances[:, 1, 1])
        found = np.clip(covariances[:, 0, 1] / first / second, -1, 1)
    return np.where(defined, found, np.nan)
