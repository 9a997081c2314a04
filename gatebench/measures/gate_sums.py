"""Sums of gate traces, from which all statistics of gates follow. The sums of two parts of a data set can be merged.

T time, B batch, H hidden: the units of a gate; in a bidirectional layer H counts those of both directions. N is the
number of (step, example) pairs that count. Steps after the end of a sequence never count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.measures.gate_bins import UNIT, Bins


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
class GateSums:
    """The sums of one gate of one layer.

    The tensors are on the CPU. Sums are float64 and counts int64. A NaN in the trace makes `total`, `squares` and
    `change` of its unit NaN, and with them every statistic of the unit and of the pooled gate.

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
    total: Tensor
    squares: Tensor
    histogram: Tensor
    pairs: int
    change: Tensor

    @property
    def mean(self) -> Tensor:
        """The mean of each unit (H,); NaN if nothing was counted."""
        return self.total / self.steps

    @property
    def std(self) -> Tensor:
        """The standard deviation of each unit (H,), of the population (divided by N)."""
        return (self.squares / self.steps).sqrt()

    @property
    def left_share(self) -> Tensor:
        """The share of each unit's values below 0.1 (H,): left-saturated (Karpathy et al. 2015, arXiv 1506.02078).

        The edges of the bins of a gate on [0, 1] include 0.1 and 0.9; other gates have no saturation.
        """
        return self._share(slice(0, 2))

    @property
    def right_share(self) -> Tensor:
        """The share of each unit's values above 0.9 (H,): right-saturated. No float32 number is equal to 0.9."""
        return self._share(slice(18, 20))

    @property
    def mean_change(self) -> Tensor:
        """The mean of |g[t] - g[t-1]| of each unit (H,); NaN if no sequence has two steps."""
        return self.change / self.pairs

    def __add__(self, other: GateSums) -> GateSums:
        """Return the sums over both parts (Chan, Golub & LeVeque 1983)."""
        if self.bins != other.bins:
            raise ValueError(f"sums with {self.bins} and {other.bins} cannot be added")
        if not self.steps or not other.steps:
            return self if self.steps else other
        steps = self.steps + other.steps
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

    def pooled(self) -> GateSums:
        """Return the sums over all units as the sums of one unit, H = 1, with N · H steps."""
        units = len(self.total)
        spread = self.steps * ((self.mean - self.mean.mean()) ** 2).sum() if self.steps else 0.0
        return GateSums(
            self.bins,
            self.steps * units,
            self.total.sum(0, keepdim=True),
            self.squares.sum(0, keepdim=True) + spread,
            self.histogram.sum(0, keepdim=True),
            self.pairs * units,
            self.change.sum(0, keepdim=True),
        )

    def _share(self, bins: slice) -> Tensor:
        if self.bins != UNIT:
            raise ValueError(f"a gate with the bins {self.bins} has no saturation")
        # NaN is in no bin: without this it would count as unsaturated.
        return torch.where(self.total.isnan(), torch.nan, self.histogram[:, bins].sum(1).double() / self.steps)


@dataclass(frozen=True)
class PairSums:
    """The sum of products of two gates of one layer, for their correlation.

    Attributes:
        gates: the names of the two gates.
        products: the sum of (x - mean x)(y - mean y) over the steps, each mean that of the unit, (H,).
    """

    gates: tuple[str, str]
    products: Tensor


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
        between = x.steps * ((x.mean - x.mean.mean()) * (y.mean - y.mean.mean())).sum()
        covariance = self.pairs[layer].products.sum() + between
        return float(covariance / (x.pooled().squares * y.pooled().squares).sqrt())

    def _merged_pair(self, other: TraceSums, layer: int) -> PairSums:
        mine, yours = self.pairs[layer], other.pairs[layer]
        if mine.gates != yours.gates:
            raise ValueError(f"products of {mine.gates} and {yours.gates} cannot be added")
        (x, a), (y, b) = ((self.gates[layer, gate], other.gates[layer, gate]) for gate in mine.gates)
        if not x.steps or not a.steps:
            return mine if x.steps else yours
        between = (a.mean - x.mean) * (b.mean - y.mean) * (x.steps * a.steps / (x.steps + a.steps))
        return PairSums(mine.gates, mine.products + yours.products + between)
