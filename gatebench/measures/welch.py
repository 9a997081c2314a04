"""Welch's t test of two arms with unequal variances, and the interval of the difference that it gives."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from gatebench.measures.distributions import t_probability, t_quantile


def welch_p(arm: Sequence[float], baseline: Sequence[float]) -> float | None:
    """Return the two-sided p of Welch's t test with one degree of freedom less.

    t = (mean₁ - mean₂) / √(s₁²/n₁ + s₂²/n₂). The degrees of freedom are those of Welch and Satterthwaite (Welch 1947,
    Biometrika 34), less one, and at least those of the smaller arm. They are estimated from the variances, and without
    this correction small p are too small if one variance is larger: with 5 scores in each arm and standard deviations
    of 1:3, p is at most 0.0033 with a probability of 0.0047, and with the correction of 0.0033 (simulated).

    Returns:
        p; None if an arm has one score, or if no arm has any spread.

    Examples:
        >>> round(welch_p([4, 5, 6], [1, 2, 3]), 4)
        0.0349
    """
    moments = _moments(arm, baseline)
    if moments is None:
        return None
    difference, error, freedom = moments
    return 2 * t_probability(freedom, -abs(difference) / error)


def welch_interval(arm: Sequence[float], baseline: Sequence[float], level: float) -> tuple[float, float] | None:
    """Return the interval of the difference, or None where `welch_p` has no p."""
    moments = _moments(arm, baseline)
    if moments is None:
        return None
    difference, error, freedom = moments
    half_width = t_quantile(freedom, (1 + level) / 2) * error
    return difference - half_width, difference + half_width


def _moments(arm: Sequence[float], baseline: Sequence[float]) -> tuple[float, float, float] | None:
    """Return the difference, its standard error and its degrees of freedom."""
    if min(len(arm), len(baseline)) < 2:
        return None
    first, second = float(np.var(arm, ddof=1)) / len(arm), float(np.var(baseline, ddof=1)) / len(baseline)
    difference = float(np.mean(arm) - np.mean(baseline))
    if first + second <= 1e-24 * max(np.max(np.abs(arm)), np.max(np.abs(baseline))) ** 2:
        return None
    share = first / (first + second)  # the quotients cannot underflow
    freedom = 1 / (share**2 / (len(arm) - 1) + (1 - share) ** 2 / (len(baseline) - 1))
    return difference, sqrt(first + second), max(freedom - 1, min(len(arm), len(baseline)) - 1)
