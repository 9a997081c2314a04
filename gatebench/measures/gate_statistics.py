"""Statistics of gate traces: mean, standard deviation, saturation and timescale of each gate.

A gate is left-saturated where it is below 0.1 and right-saturated where it is above 0.9 (Karpathy, Johnson & Fei-Fei
2015, arXiv 1506.02078). `sum_gate` counts the saturated values per unit, over the time steps, as that paper does.
`BatchGateSums.pooled` adds the counts of all units.

All functions are pure. T time, B batch, H hidden, N steps counted.

    trace_metrics   the metrics of a whole trace, by name
    sum_trace       the sums of a trace, to be merged with those of other batches
    merge_sums      the sums of two parts of a data set
    sums_to_metrics the metrics of merged sums
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

LEFT, RIGHT = 0.1, 0.9
"""The bounds of saturation: below LEFT, above RIGHT."""


@dataclass(frozen=True)
class BatchGateSums:
    """The sums of one gate, from which the statistics follow. The sums of two parts of a data set can be added.

    The tensors are float64 of shape (H,). A NaN in the trace makes all statistics of its unit and of the pooled gate
    NaN.

    Attributes:
        steps: N, the number of (time, example) pairs counted.
        total: the sum of the values.
        squares: the sum of the squared deviations from the unit's own mean. A plain sum of squares would lose digits
            by cancellation.
        left: the number of left-saturated values.
        right: the number of right-saturated values.
    """

    steps: int
    total: Tensor
    squares: Tensor
    left: Tensor
    right: Tensor

    def __add__(self, other: BatchGateSums) -> BatchGateSums:
        """Return the sums over both parts (Chan, Golub & LeVeque 1983)."""
        if not self.steps or not other.steps:
            return self if self.steps else other
        steps = self.steps + other.steps
        between = (other.mean - self.mean) ** 2 * (self.steps * other.steps / steps)
        return BatchGateSums(
            steps,
            self.total + other.total,
            self.squares + other.squares + between,
            self.left + other.left,
            self.right + other.right,
        )

    @property
    def mean(self) -> Tensor:
        """The mean of each unit (H,); NaN if nothing was counted."""
        return self.total / self.steps

    @property
    def std(self) -> Tensor:
        """The standard deviation of each unit (H,), of the population (divided by N)."""
        return (self.squares / self.steps).sqrt()

    @property
    def left_saturated(self) -> Tensor:
        """The share of each unit's values below 0.1 (H,)."""
        return self._share(self.left)

    @property
    def right_saturated(self) -> Tensor:
        """The share of each unit's values above 0.9 (H,)."""
        return self._share(self.right)

    def pooled(self) -> BatchGateSums:
        """Return the sums over all units as the sums of one unit, shape (1,), with N · H steps."""
        spread = self.steps * ((self.mean - self.mean.mean()) ** 2).sum() if self.steps else 0.0
        sums = [self.total.sum(), self.squares.sum() + spread, self.left.sum(), self.right.sum()]
        return BatchGateSums(self.steps * len(self.total), *(total.reshape(1) for total in sums))

    def _share(self, count: Tensor) -> Tensor:
        # NaN is neither below 0.1 nor above 0.9: without this it would count as unsaturated.
        return torch.where(self.total.isnan(), torch.nan, count / self.steps)


Sums = dict[tuple[int, str], BatchGateSums]
"""The sums of all gates of a network, by layer and gate."""


def sum_gate(trace: Tensor, lengths: Tensor | None = None) -> BatchGateSums:
    """Return the sums of one gate.

    Args:
        trace: the gate's values (T, B, H).
        lengths: the true lengths (B,); steps at or after them are padding and do not count. None: all steps count.

    Raises:
        ValueError: the trace does not have three dimensions, or a length is outside of 0 .. T.
    """
    if trace.ndim != 3:
        raise ValueError(f"a gate trace has the shape (T, B, H), not {tuple(trace.shape)}")
    values = trace.detach().flatten(0, 1) if lengths is None else trace.detach()[_not_padding(trace, lengths)]
    values = values.double()  # (N, H)
    steps, total = len(values), values.sum(0)
    squares = ((values - total / max(steps, 1)) ** 2).sum(0)
    return BatchGateSums(steps, total, squares, (values < LEFT).sum(0).double(), (values > RIGHT).sum(0).double())


def _not_padding(trace: Tensor, lengths: Tensor) -> Tensor:
    """Return the mask (T, B) of the steps that are not padding."""
    T, B, _ = trace.shape
    if lengths.shape != (B,) or not bool(((lengths >= 0) & (lengths <= T)).all()):
        raise ValueError(f"lengths must be {B} numbers from 0 to {T}, not {lengths.tolist()}")
    return torch.arange(T, device=trace.device)[:, None] < lengths.to(trace.device)


def sum_trace(trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None = None) -> Sums:
    """Return the sums of a trace {layer: {gate: (T, B, H)}}. `merge_sums` adds those of several batches."""
    return {
        (layer, gate): sum_gate(values, lengths) for layer, gates in trace.items() for gate, values in gates.items()
    }


def merge_sums(first: Sums, second: Sums) -> Sums:
    """Return the sums over both parts of a data set.

    Raises:
        ValueError: the parts have different layers or gates.
    """
    if first.keys() != second.keys():
        raise ValueError(f"gate sums of {sorted(first)} and {sorted(second)} do not belong to one network")
    return {key: sums + second[key] for key, sums in first.items()}


def sums_to_metrics(sums: Sums, unit_gates: Collection[str]) -> dict[str, float]:
    """Return each gate's statistics by metric name, over all steps and units.

    Args:
        sums: the sums of all gates.
        unit_gates: the names of the gates whose values are in [0, 1]. Saturation and timescale are defined only for
            these gates.

    Returns:
        For gate f of layer 0 "gate/l0/f/mean" and "gate/l0/f/std", and if f is one of `unit_gates` also
        "gate/l0/f/left" and "gate/l0/f/right", the shares of saturated values, and "gate/l0/f/tau", the timescale.

    Raises:
        ValueError: a gate of `unit_gates` has a mean outside of [0, 1].
    """
    metrics: dict[str, float] = {}
    for (layer, gate), units in sums.items():
        pool = units.pooled()
        statistics = {"mean": pool.mean, "std": pool.std}
        if gate in unit_gates:
            statistics |= {"left": pool.left_saturated, "right": pool.right_saturated}
        values = dict(zip(statistics, torch.cat(list(statistics.values())).tolist(), strict=True))
        if gate in unit_gates:
            values["tau"] = timescale(values["mean"])
        metrics |= {f"gate/l{layer}/{gate}/{name}": value for name, value in values.items()}
    return metrics


def trace_metrics(
    trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None = None, *, unit_gates: Collection[str]
) -> dict[str, float]:
    """Return the metrics of one trace {layer: {gate: (T, B, H)}}; see `sums_to_metrics` for their names.

    Examples:
        >>> trace = {0: {"f": torch.tensor([0.05, 0.5, 0.95, 0.95]).reshape(4, 1, 1)}}  # T = 4, B = H = 1
        >>> metrics = trace_metrics(trace, unit_gates={"f"})
        >>> metrics["gate/l0/f/left"], metrics["gate/l0/f/right"], round(metrics["gate/l0/f/mean"], 4)
        (0.25, 0.5, 0.6125)
    """
    return sums_to_metrics(sum_trace(trace, lengths), unit_gates)


def timescale(mean: float) -> float:
    """Return the timescale of a gate's mean in time steps, τ = -1 / ln(mean).

    A state that is multiplied by the constant `mean` in every step decays to 1/e after τ steps. This is the timescale
    of the mean gate, not the mean of the timescales. It is a measure of memory only for a gate that multiplies the old
    state. A mean of 0 gives 0 (nothing is kept), 1 gives infinity (nothing is lost), NaN gives NaN.

    Raises:
        ValueError: the mean is outside of [0, 1].

    Examples:
        >>> [round(timescale(mean), 2) for mean in (0.5, 0.9, 0.99)]
        [1.44, 9.49, 99.5]
    """
    if mean < 0 or mean > 1:
        raise ValueError(f"a gate in [0, 1] cannot have the mean {mean}")
    if mean in (0.0, 1.0):
        return math.inf if mean else 0.0
    return -1 / math.log(mean)
