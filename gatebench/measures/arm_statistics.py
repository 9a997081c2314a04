"""Statistics of arms: intervals, the paired comparison with a baseline, the correction for many comparisons.

An arm is one cell on one task. Its scores are {seed: score}, and two arms are paired by their seeds.

    estimate      the mean with its 95 % Student-t interval
    sign_flip_p   the p-value of the paired difference, by a sign-flip permutation test
    holm          the correction of the p-values for many comparisons (Holm 1979)
    compare       all of these for every arm and the baseline
    best          the arms that cannot be distinguished from the best one
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import mean, stdev
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

LEVEL = 0.95
"""The confidence level of the intervals."""

ALPHA = 0.05
"""The level of significance."""

MOST_EXACT_PAIRS = 40
"""The largest number of pairs for which `sign_flip_p` is exact: it sorts 2^20 sums and searches for 2^20 others."""

SAMPLED_PATTERNS = 99_999
"""The number of sign patterns that `sign_flip_p` samples for more pairs."""

Scores = Mapping[int, float]
"""The scores of one arm, {seed: score}."""

Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % Student-t interval, mean ± half_width.

    Attributes:
        mean: the mean.
        half_width: half of the interval's width; None for one value, which has no spread.
        n: the number of values.
    """

    mean: float
    half_width: float | None
    n: int

    @property
    def low(self) -> float | None:
        """The lower end of the interval."""
        return None if self.half_width is None else self.mean - self.half_width

    @property
    def high(self) -> float | None:
        """The upper end of the interval."""
        return None if self.half_width is None else self.mean + self.half_width

    def excludes_zero(self) -> bool:
        """Return whether there is an interval and 0 is outside of it."""
        return self.half_width is not None and abs(self.mean) > self.half_width


def estimate(values: Sequence[float]) -> Estimate:
    """Return the mean of `values` with its interval: t(0.975, n - 1) · s / √n, s the sample standard deviation.

    Raises:
        ValueError: there is no value, or a value is not finite.

    Examples:
        >>> e = estimate([0.80, 0.82, 0.84])
        >>> f"{e.mean:.2f} ± {e.half_width:.2f}, n = {e.n}"
        '0.82 ± 0.05, n = 3'
    """
    n = len(_finite(values))
    if not n:
        raise ValueError("the mean of no values is not defined")
    half_width = float(stdtrit(n - 1, (1 + LEVEL) / 2)) * stdev(values) / sqrt(n) if n > 1 else None
    return Estimate(float(mean(values)), half_width, n)


def paired_differences(arm: Scores, baseline: Scores) -> list[float]:
    """Return arm - baseline for each seed that both have, in the order of the seeds.

    Examples:
        >>> paired_differences({0: 3.0, 1: 5.0, 2: 4.0}, {0: 2.0, 1: 2.0})
        [1.0, 3.0]
    """
    return [arm[seed] - baseline[seed] for seed in sorted(arm.keys() & baseline.keys())]


def smallest_p(pairs: int) -> float:
    """Return the smallest two-sided p of the sign-flip test with n pairs: 2 / 2^n, and 1 for no pairs.

    Examples:
        >>> [smallest_p(n) for n in (3, 4, 5, 6, 8)]
        [0.25, 0.125, 0.0625, 0.03125, 0.0078125]
    """
    return min(1.0, 2.0 ** (1 - pairs))


def pairs_needed(comparisons: int) -> int:
    """Return the fewest pairs with which one of several Holm-corrected comparisons can be significant at 0.05.

    Examples:
        >>> pairs_needed(1), pairs_needed(4)
        (6, 8)
    """
    return next(n for n in range(1, 2000) if smallest_p(n) * comparisons <= ALPHA)


def sign_flip_p(differences: Sequence[float]) -> float:
    """Return the two-sided p of the sign-flip permutation test of paired differences.

    p is the share of sign patterns whose absolute sum of differences is at least the observed one. Up to 40 pairs p is
    exact: all 2^n patterns count. The sums of the two halves of the pairs are combined by a binary search, so that 40
    pairs cost about 2^20 sums. For more pairs p is an estimate from 99,999 patterns sampled with a fixed seed. The
    observed pattern is added to them, so p is never 0.

    Raises:
        ValueError: a difference is not finite.

    Examples:
        >>> sign_flip_p([1, 2, 3, 4, 5, 6])  # 2 of the 64 sign patterns are as extreme
        0.03125
    """
    n = len(_finite(differences))
    # Sums that are equal on paper differ by rounding; the margin counts them as ties.
    threshold = abs(sum(differences)) - 1e-9 * sum(map(abs, differences))
    if threshold <= 0:
        return 1.0
    if n > MOST_EXACT_PAIRS:
        signs = np.random.default_rng(0).integers(0, 2, (SAMPLED_PATTERNS, n), dtype=np.int8) * 2.0 - 1
        return float((1 + (abs(signs @ np.array(differences)) >= threshold).sum()) / (1 + SAMPLED_PATTERNS))
    left, right = _signed_sums(differences[: n // 2]), np.sort(_signed_sums(differences[n // 2 :]))
    above = right.size - np.searchsorted(right, threshold - left, side="left")
    below = np.searchsorted(right, -threshold - left, side="right")
    return float((above.sum() + below.sum()) / 2.0**n)


def _signed_sums(values: Sequence[float]) -> NDArray[np.float64]:
    """Return ±v₁ ± v₂ … for every choice of signs, shape (2^len,)."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def _finite(values: Sequence[float]) -> Sequence[float]:
    if not all(map(isfinite, values)):
        raise ValueError(f"a value is not finite: {list(values)}")
    return values


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values corrected for many comparisons (Holm 1979), in the given order.

    The p-value of rank k of m, from 0, is multiplied by m - k. No corrected value is less than that of a smaller
    p-value, or greater than 1.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


@dataclass(frozen=True)
class Comparison:
    """The comparison of an arm with the baseline.

    Attributes:
        difference: the mean of the differences, paired by seed.
        p: the p-value of the sign-flip test.
        p_holm: the p-value corrected over all comparisons of the table.
        attainable: whether p_holm could be 0.05 or less: it would be if all differences of this arm had the same sign,
            and all other arms stayed as they are. If False, n is too small, and a large p shows nothing.
    """

    difference: Estimate
    p: float
    p_holm: float
    attainable: bool


def compare(arms: Mapping[Name, Scores], baseline: Name) -> dict[Name, Comparison]:
    """Return the comparison with the baseline for every other arm that shares a seed with it."""
    paired = {name: paired_differences(scores, arms[baseline]) for name, scores in arms.items() if name != baseline}
    paired = {name: differences for name, differences in paired.items() if differences}
    p_values = [sign_flip_p(differences) for differences in paired.values()]
    comparisons = {}
    for index, (name, differences) in enumerate(paired.items()):
        clearest = [*p_values[:index], smallest_p(len(differences)), *p_values[index + 1 :]]
        attainable = holm(clearest)[index] <= ALPHA
        comparisons[name] = Comparison(estimate(differences), p_values[index], holm(p_values)[index], attainable)
    return comparisons


def best(arms: Mapping[Name, Scores], direction: Literal["max", "min"]) -> set[Name]:
    """Return the arm with the best mean, and all arms that cannot be distinguished from it.

    An arm is distinguished from the best one if the 95 % interval of their paired difference excludes 0. The interval
    is not corrected for the number of arms. With fewer than two shared seeds there is no interval, and the arm is not
    distinguished.
    """
    if not arms:
        return set()
    sign = 1 if direction == "max" else -1
    top = max(arms.values(), key=lambda scores: sign * mean(scores.values()))
    differences = {name: paired_differences(scores, top) for name, scores in arms.items()}
    return {name for name, values in differences.items() if not values or not estimate(values).excludes_zero()}
