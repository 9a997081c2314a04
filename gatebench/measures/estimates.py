"""The mean of an arm's scores with its interval. An arm is one cell on one task; its scores are {seed: score}."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import mean, stdev

from gatebench.measures.distributions import t_quantile

LEVEL = 0.95
"""The confidence level of the intervals."""


@dataclass(frozen=True)
class Estimate:
    """An estimate with its confidence interval.

    Attributes:
        mean: the estimate: a mean, a difference of means or a standardised difference.
        low: the lower end of the interval; None: there are too few values for an interval.
        high: the upper end of the interval; None: there are too few values for an interval.
        n: the number of values. For a difference of two arms: of the arm that has fewer.
        clipped: whether an end was moved to a bound, so that the interval no longer lies symmetrically about the mean.
    """

    mean: float
    low: float | None
    high: float | None
    n: int
    clipped: bool = False

    @property
    def half_width(self) -> float | None:
        """Half of the interval's width; None without an interval."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def symmetric(self) -> bool:
        """Whether mean ± half_width is the interval, up to 1 % of its width."""
        if self.low is None or self.high is None:
            return False
        return abs((self.high - self.mean) - (self.mean - self.low)) <= 0.01 * (self.high - self.low)


def estimate(values: Sequence[float], low: float | None = None, high: float | None = None) -> Estimate:
    """Return the mean of `values` with its interval: mean ± t(0.975, n - 1) · s / √n, s the sample standard deviation.

    Args:
        values: the values, at least one.
        low: the smallest value that is possible, e.g. 0 for an accuracy. The interval is cut there. None: no bound.
        high: the largest value that is possible, e.g. 1 for an accuracy. The interval is cut there. None: no bound.

    Raises:
        ValueError: there is no value, or a value is not finite.

    Examples:
        >>> e = estimate([0.80, 0.82, 0.84])
        >>> f"{e.mean:.2f} ± {e.half_width:.2f}, n = {e.n}"
        '0.82 ± 0.05, n = 3'
        >>> e = estimate([0.97, 0.99, 1.00], low=0, high=1)
        >>> f"{e.mean:.3f} [{e.low:.3f}, {e.high:.3f}] {e.clipped}"
        '0.987 [0.949, 1.000] True'
    """
    n = len(finite(values))
    if not n:
        raise ValueError("the mean of no values is not defined")
    middle = float(mean(values))
    if n == 1:
        return Estimate(middle, None, None, 1)
    half_width = t_quantile(n - 1, (1 + LEVEL) / 2) * stdev(values) / sqrt(n)
    lower, upper = middle - half_width, middle + half_width
    # A score outside of the bounds is the mistake of the bounds: the interval always contains the mean.
    cut_low = lower if low is None else min(max(lower, low), middle)
    cut_high = upper if high is None else max(min(upper, high), middle)
    return Estimate(middle, cut_low, cut_high, n, clipped=(cut_low, cut_high) != (lower, upper))


def finite(values: Sequence[float]) -> Sequence[float]:
    """Return `values`, all of which must be finite.

    Raises:
        ValueError: a value is not finite.
    """
    if not all(map(isfinite, values)):
        raise ValueError(f"a value is not finite: {list(values)}")
    return values
