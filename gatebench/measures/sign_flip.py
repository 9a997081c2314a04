"""The paired permutation test of two arms: all choices of the sign of each difference of equal seeds."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from gatebench.measures.estimates import finite
from gatebench.measures.permutation import TIE, largest_shifts

Floats = NDArray[np.float64]

MOST_PATTERNS = 25_000
"""The largest number of sign patterns that are listed for an interval. If there are more, this number is sampled."""

MOST_EXACT_PAIRS = 40
"""The largest number of pairs for which `sign_flip_p` is exact: it sorts 2^20 sums and searches for 2^20 others."""

SAMPLED_PATTERNS = 99_999
"""The number of sign patterns that `sign_flip_p` samples for more pairs."""


def smallest_sign_flip_p(pairs: int) -> float:
    """Return the smallest two-sided p of the sign-flip test with n pairs: 2 / 2^n, and 1 for no pairs.

    For more than 40 pairs it is that of the sampled patterns.

    Examples:
        >>> [smallest_sign_flip_p(n) for n in (3, 4, 5, 6, 8)]
        [0.25, 0.125, 0.0625, 0.03125, 0.0078125]
    """
    return min(1.0, 2.0 ** (1 - pairs)) if pairs <= MOST_EXACT_PAIRS else 1 / (1 + SAMPLED_PATTERNS)


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
    n = len(finite(differences))
    threshold = abs(sum(differences)) - TIE * sum(map(abs, differences))
    if threshold <= 0:
        return 1.0
    if n > MOST_EXACT_PAIRS:
        signs = np.random.default_rng(0).integers(0, 2, (SAMPLED_PATTERNS, n), dtype=np.int8) * 2.0 - 1
        return float((1 + (abs(signs @ np.array(differences)) >= threshold).sum()) / (1 + SAMPLED_PATTERNS))
    left, right = _signed_sums(differences[: n // 2]), np.sort(_signed_sums(differences[n // 2 :]))
    above = right.size - np.searchsorted(right, threshold - left, side="left")
    below = np.searchsorted(right, -threshold - left, side="right")
    return float((above.sum() + below.sum()) / 2.0**n)


def _signed_sums(values: Sequence[float]) -> Floats:
    """Return ±v₁ ± v₂ … for every choice of signs, shape (2^len,)."""
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate([sums + value, sums - value])
    return sums


def sign_flip_interval(differences: Sequence[float], level: float) -> tuple[float, float] | None:
    """Return the interval of the mean of paired differences that the sign-flip test gives.

    Up to 15 pairs all sign patterns count; for more, 24,999 patterns are sampled with a fixed seed.

    Returns:
        the ends; None if the smallest p of the test is greater than 1 - level: the test rejects no mean.
    """
    alpha = (1 - level) * (1 + TIE)
    if smallest_sign_flip_p(len(differences)) > alpha:
        return None
    values = np.array(finite(differences), dtype=float)
    signs = _sign_patterns(values.size)
    below, above = largest_shifts(signs @ (values - values.mean()) / values.size, signs.mean(axis=1), alpha)
    return float(values.mean()) - below, float(values.mean()) + above


@lru_cache(maxsize=8)
def _sign_patterns(pairs: int) -> Floats:
    """Return patterns of ±1 without mirror images, shape (patterns, pairs). Pattern 0 is all +1."""
    if 2 ** (pairs - 1) <= MOST_PATTERNS:
        bits = np.arange(2 ** (pairs - 1))[:, None] >> np.arange(pairs) & 1
        return np.where(bits == 1, -1.0, 1.0)
    signs = np.where(np.random.default_rng(0).random((MOST_PATTERNS, pairs)) < 0.5, -1.0, 1.0)
    signs[0] = 1
    return signs
