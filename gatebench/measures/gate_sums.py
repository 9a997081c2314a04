"""Sums of gate traces, from which all statistics of gates follow. The sums of two parts of a data set can be merged.

T time, B batch, H hidden: the units of a gate; in a bidirectional layer H counts those of both directions. N is the
number of (step, example) pairs that count. Steps after the end of a sequence never count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt

import numpy as np
from numpy.typing import NDArray

from gatebench.measures.gate_bins import UNIT, Bins

LEFT_BINS, RIGHT_BINS = slice(0, 2), slice(18, 20)
"""The bins below 0.1 and above 0.9, of those for gates on [0, 1]."""

Floats = NDArray[np.float64]

Counts = NDArray[np.int64]


def _without_warnings() -> np.errstate:
    """Return a context without numpy's warnings: 0 / 0 is NaN, as is the spread of infinite values."""
    return np.errstate(divide="ignore", invalid="ignore")


@dataclass(frozen=True)
class GateLayout:
    """The sizes of one recorded gate.

    Attributes:
        layer: the layer, from 0.
        gate: the gate's letter.
        units: H, the units of both directions.
        bins: the bins of its histogram.
    """

    layer: int
    gate: str
    units: int
    bins: Bins


def partner(layout: GateLayout, layouts: Sequence[GateLayout], pair: tuple[str, str] | None) -> int:
    """Return the place in `layouts` of the gate with which the products of a gate are summed, or -1.

    Args:
        layout: the gate.
        layouts: all recorded gates.
        pair: the gate that keeps and the gate that writes, or None. In each layer the products of the second are summed
            with the first, if both have the same number of units.
    """
    if pair is None or layout.gate != pair[1]:
        return -1
    wanted = (layout.layer, pair[0], layout.units)
    found = [place for place, one in enumerate(layouts) if (one.layer, one.gate, one.units) == wanted]
    return found[0] if found else -1


@dataclass(frozen=True)
class PooledGate:
    """The statistics of one gate of one layer over all steps and units. They are NaN if nothing was counted.

    Attributes:
        bins: the bins of the histogram.
        values: the number of values, N · H.
        mean: the mean of the values.
        squares: the sum of the squared deviations from the mean.
        change: the mean of |g[t] - g[t-1]|.
        histogram: the number of values in each bin, (bins,).
    """

    bins: Bins
    values: int
    mean: float
    squares: float
    change: float
    histogram: Counts

    @property
    def std(self) -> float:
        """The standard deviation, of the population."""
        return sqrt(self.squares / self.values) if self.values else nan

    @property
    def left_share(self) -> float:
        """The share of values below 0.1; see `GateSums.left_share`."""
        return self._share(LEFT_BINS)

    @property
    def right_share(self) -> float:
        """The share of values above 0.9; see `GateSums.right_share`."""
        return self._share(RIGHT_BINS)

    def _share(self, bins: slice) -> float:
        # NaN is in no bin: without this it would count as unsaturated.
        return nan if isnan(self.mean) else int(self.histogram[bins].sum()) / self.values


@dataclass(frozen=True)
class GateSums:
    """The sums of one gate of one layer.

    A NaN in the trace makes `total`, `squares` and `change` of its unit NaN, and with them every statistic of the unit
    and of the pooled gate.

    Attributes:
        bins: the bins of the histogram.
        steps: N, the number of values of each unit.
        total: the sum of the values, (H,).
        squares: the sum of the squared deviations from the unit's own mean, (H,). A plain sum of squares would lose
            digits by cancellation.
        histogram: the number of values in each bin, (H, bins).
        pairs: the number of pairs of successive steps.
        change: the sum of |g[t] - g[t-1]| over the pairs of successive steps, (H,).
    """

    bins: Bins
    steps: int
    total: Floats
    squares: Floats
    histogram: Counts
    pairs: int
    change: Floats

    @property
    def mean(self) -> Floats:
        """The mean of each unit (H,); NaN if nothing was counted."""
        with _without_warnings():
            return self.total / self.steps

    @property
    def std(self) -> Floats:
        """The standard deviation of each unit (H,), of the population (divided by N)."""
        with _without_warnings():
            return np.sqrt(self.squares / self.steps)

    @property
    def left_share(self) -> Floats:
        """The share of each unit's values below 0.1 (H,): left-saturated (Karpathy et al. 2015, arXiv 1506.02078).

        The edges of the bins of a gate on [0, 1] include 0.1 and 0.9; other gates have no saturation.
        """
        return self._share(LEFT_BINS)

    @property
    def right_share(self) -> Floats:
        """The share of each unit's values above 0.9 (H,): right-saturated. No float32 number is equal to 0.9."""
        return self._share(RIGHT_BINS)

    @property
    def mean_change(self) -> Floats:
        """The mean of |g[t] - g[t-1]| of each unit (H,); NaN if no sequence has two steps."""
        with _without_warnings():
            return self.change / self.pairs

    def __add__(self, other: GateSums) -> GateSums:
        """Return the sums over both parts (Chan, Golub & LeVeque 1983)."""
        if self.bins != other.bins:
            raise ValueError(f"sums with {self.bins} and {other.bins} cannot be added")
        if not self.steps or not other.steps:
            return self if self.steps else other
        steps = self.steps + other.steps
        with _without_warnings():
            between = (other.mean - self.mean) ** 2 * (self.steps * other.steps / steps)
        return GateSums(
            self.bins,
            steps,
            self.total + other.total,
            self.squares + other.squares + between,
            self.histogram + other.histogram,
            self.pairs + other.pairs,
            self.change + other.change,
        )

    def pooled(self) -> PooledGate:
        """Return the statistics over all steps and units."""
        values = self.steps * len(self.total)
        if not values:
            return PooledGate(self.bins, 0, nan, nan, nan, self.histogram.sum(0))
        mean = float(self.total.sum()) / values
        with _without_warnings():
            squares = float(self.squares.sum() + self.steps * ((self.total / self.steps - mean) ** 2).sum())
        change = float(self.change.sum()) / (self.pairs * len(self.total)) if self.pairs else nan
        return PooledGate(self.bins, values, mean, squares, change, self.histogram.sum(0))

    def _share(self, bins: slice) -> Floats:
        if self.bins != UNIT:
            raise ValueError(f"a gate with the bins {self.bins} has no saturation")
        with _without_warnings():
            shares: Floats = self.histogram[:, bins].sum(1) / self.steps
        # NaN is in no bin: without this it would count as unsaturated.
        return np.where(np.isnan(self.total), np.nan, shares)


@dataclass(frozen=True)
class PairSums:
    """The sum of products of two gates of one layer, for their correlation.

    Attributes:
        gates: the names of the two gates.
        products: the sum of (x - mean x)(y - mean y) over the steps, each mean that of the unit, (H,).
    """

    gates: tuple[str, str]
    products: Floats


@dataclass(frozen=True)
class TraceSums:
    """The sums of all gates of a network.

    Attributes:
        gates: the sums of each gate by (layer, gate).
        pairs: the sums of products of the two gates that write and keep, by layer; see `PairSums`.
    """

    gates: Mapping[tuple[int, str], GateSums]
    pairs: Mapping[int, PairSums]

    def __add__(self, other: TraceSums) -> TraceSums:
        """Return the sums over both parts of a data set.

        Raises:
            ValueError: the parts have different layers, gates or pairs.
        """
        if self.gates.keys() != other.gates.keys() or self.pairs.keys() != other.pairs.keys():
            raise ValueError(f"gate sums of {sorted(self.gates)} and {sorted(other.gates)} are not of one network")
        gates = {key: sums + other.gates[key] for key, sums in self.gates.items()}
        return TraceSums(gates, {layer: self._merged_pair(other, layer) for layer in self.pairs})

    def correlation(self, layer: int) -> float:
        """Return the Pearson correlation of the two gates of `pairs[layer]`, over all steps and units.

        It is NaN if one of the gates is constant.
        """
        x, y = (self.gates[layer, gate] for gate in self.pairs[layer].gates)
        with _without_warnings():
            between = x.steps * ((x.mean - x.mean.mean()) * (y.mean - y.mean.mean())).sum()
            covariance = self.pairs[layer].products.sum() + between
            return float(covariance / np.sqrt(x.pooled().squares * y.pooled().squares))

    def _merged_pair(self, other: TraceSums, layer: int) -> PairSums:
        mine, yours = self.pairs[layer], other.pairs[layer]
        if mine.gates != yours.gates:
            raise ValueError(f"products of {mine.gates} and {yours.gates} cannot be added")
        (x, a), (y, b) = ((self.gates[layer, gate], other.gates[layer, gate]) for gate in mine.gates)
        if not x.steps or not a.steps:
            return mine if x.steps else yours
        with _without_warnings():
            between = (a.mean - x.mean) * (b.mean - y.mean) * (x.steps * a.steps / (x.steps + a.steps))
        return PairSums(mine.gates, mine.products + yours.products + between)
