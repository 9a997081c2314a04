"""The bins of the histograms of gates. They are fixed, so that the histograms of batches and runs can be compared."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Bins:
    """Bins of equal width. Bin k holds the values v with floor(v / width) = first + k.

    A bin holds its lower edge and not its upper edge. Values outside of all bins count in the nearest bin. NaN counts
    in no bin.

    Attributes:
        per_one: the number of bins in an interval of length 1; the width of a bin is 1 / per_one.
        first: the lower edge of bin 0, in bins: first / per_one.
        count: the number of bins.
        open: whether the first bin reaches to -inf and the last bin to inf.
    """

    per_one: int
    first: int
    count: int
    open: bool = False

    @property
    def edges(self) -> tuple[float, ...]:
        """The count + 1 edges, in ascending order."""
        edges = [(self.first + k) / self.per_one for k in range(self.count + 1)]
        return (-math.inf, *edges[1:-1], math.inf) if self.open else tuple(edges)


UNIT = Bins(20, 0, 20)
"""20 bins on [0, 1], for gates whose values lie there. Saturation is counted from them: below 0.1, above 0.9."""

SIGNED = Bins(10, -10, 20)
"""20 bins on [-1, 1], for gates whose values lie there and not all in [0, 1], for example a tanh."""

UNBOUNDED = Bins(2, -20, 40, open=True)
"""40 bins for all other gates: 38 of width 0.5 on [-9.5, 9.5], and one to each side."""


def bins_of(low: float, high: float) -> Bins:
    """Return the bins for a gate whose values are certain to lie in [low, high].

    Examples:
        >>> bins_of(0.0, 1.0).edges[:3], bins_of(-1.0, 1.0).count, bins_of(-math.inf, math.inf).edges[-2:]
        ((0.0, 0.05, 0.1), 20, (9.5, inf))
    """
    if low >= 0 and high <= 1:
        return UNIT
    return SIGNED if low >= -1 and high <= 1 else UNBOUNDED
