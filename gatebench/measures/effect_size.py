"""The standardised difference of two arms."""

from collections.abc import Sequence
from math import exp, lgamma, sqrt
from statistics import fmean, variance

from gatebench.measures.distributions import chi_square_upper_quantile, t_noncentrality
from gatebench.measures.estimates import LEVEL, Estimate

LARGEST_T = 1e3
"""The largest |t| for which scipy inverts the noncentral t distribution: beyond, it takes seconds or never ends."""


def hedges_g(arm: Sequence[float], baseline: Sequence[float]) -> Estimate | None:
    """Return Hedges' g with its 95 % interval, which is not corrected for several comparisons.

    g = J(ν) · (mean₁ - mean₂) / s, with s² the pooled variance, ν = n₁ + n₂ - 2 and the correction of the bias
    J(ν) = Γ(ν/2) / (√(ν/2) · Γ((ν - 1)/2)) (Hedges 1981, "Distribution theory for Glass's estimator of effect size and
    related estimators", Journal of Educational Statistics 6). The ends of the interval are the values δ for which
    P(t <= t_observed) of the noncentral t distribution with ν degrees of freedom and noncentrality δ·√(n₁n₂/(n₁+n₂))
    is 0.975 and 0.025 (Steiger & Fouladi 1997), multiplied by J(ν). It is exact for normal scores with equal variances.

    Returns:
        the estimate; None if the pooled variance is 0 or ν < 2.

    Examples:
        >>> g = hedges_g([4, 5, 6, 7], [1, 2, 3, 4])
        >>> f"{g.mean:.2f} [{g.low:.2f}, {g.high:.2f}]"
        '2.02 [0.34, 3.62]'
    """
    n1, n2 = len(arm), len(baseline)
    freedom = n1 + n2 - 2
    if freedom < 2:
        return None
    sums_of_squares = [(len(scores) - 1) * variance(scores) if len(scores) > 1 else 0.0 for scores in (arm, baseline)]
    deviation = sqrt(sum(sums_of_squares) / freedom)
    difference = fmean(arm) - fmean(baseline)
    if deviation <= 1e-12 * max(map(abs, (*arm, *baseline))):
        return None
    correction = exp(lgamma(freedom / 2) - lgamma((freedom - 1) / 2)) / sqrt(freedom / 2)
    root = sqrt(n1 * n2 / (n1 + n2))
    t = difference / deviation * root
    low, high = (
        correction * _noncentrality(freedom, probability, t) / root
        for probability in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    )
    return Estimate(correction * difference / deviation, low, high, min(n1, n2))


def _noncentrality(freedom: int, probability: float, t: float) -> float:
    """Return the noncentrality δ for which P(T <= t) is the probability.

    For large |t| the normal part of T is δ, up to a relative error of 1/|t|, and then T = δ / √(χ²/ν).
    """
    if abs(t) <= LARGEST_T:
        return t_noncentrality(freedom, probability, t)
    return t * sqrt(chi_square_upper_quantile(freedom, probability if t > 0 else 1 - probability) / freedom)
