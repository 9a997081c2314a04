"""Statistics of gate traces: pure functions on named shapes. T time, B batch, H hidden, N = steps counted.

A gate is left-saturated where it is below 0.1 and right-saturated where it is above 0.9 (Karpathy, Johnson & Fei-Fei
2015, arXiv 1506.02078). They count it per unit, over the time steps; so does `GateSums`; its `pooled` takes all units.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

LEFT, RIGHT = 0.1, 0.9


@dataclass(frozen=True)
class GateSums:
    """What must be kept of a gate so that parts of a data set add up to the whole; tensors are float64 of shape (H,).

    steps: the number N of (time, example) pairs counted; total: the sum; squares: the sum of squared deviations from
    the unit's own mean (a plain sum of squares would cancel); left, right: how many values are saturated.
    A NaN stays: it reaches every figure of its unit, and of the pooled gate.
    """

    steps: int
    total: Tensor
    squares: Tensor
    left: Tensor
    right: Tensor

    def __add__(self, other: GateSums) -> GateSums:
        """Return the sums over both parts (Chan, Golub & LeVeque 1983), the same wherever the whole was cut."""
        if not self.steps or not other.steps:
            return self if self.steps else other
        steps = self.steps + other.steps
        between = (other.mean - self.mean) ** 2 * (self.steps * other.steps / steps)
        return GateSums(
            steps,
            self.total + other.total,
            self.squares + other.squares + between,
            self.left + other.left,
            self.right + other.right,
        )

    @property
    def mean(self) -> Tensor:
        """The mean of each unit (H,); NaN where nothing was counted."""
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

    def pooled(self) -> GateSums:
        """Return the sums over all units as those of a single one, shape (1,), with N · H steps."""
        spread = self.steps * ((self.mean - self.mean.mean()) ** 2).sum() if self.steps else 0.0
        sums = [self.total.sum(), self.squares.sum() + spread, self.left.sum(), self.right.sum()]
        return GateSums(self.steps * len(self.total), *(total.reshape(1) for total in sums))

    def _share(self, count: Tensor) -> Tensor:
        # NaN is neither below 0.1 nor above 0.9: without this it would pass for unsaturated.
        return torch.where(self.total.isnan(), torch.nan, count / self.steps)


Sums = dict[tuple[int, str], GateSums]  # by layer and gate


def gate_sums(trace: Tensor, lengths: Tensor | None = None) -> GateSums:
    """Return the sums of one gate's trace (T, B, H); steps at or after `lengths` (B,) are padding and do not count.

    Raises:
        ValueError: the trace has not three dimensions, or a length is not within 0 .. T.
    """
    if trace.ndim != 3:
        raise ValueError(f"a gate trace has the shape (T, B, H), not {tuple(trace.shape)}")
    values = trace.detach().flatten(0, 1) if lengths is None else trace.detach()[_counted(trace, lengths)]
    values = values.double()  # (N, H)
    steps, total = len(values), values.sum(0)
    squares = ((values - total / max(steps, 1)) ** 2).sum(0)
    return GateSums(steps, total, squares, (values < LEFT).sum(0).double(), (values > RIGHT).sum(0).double())


def _counted(trace: Tensor, lengths: Tensor) -> Tensor:
    """Return the mask (T, B) of the steps that are not padding."""
    T, B, _ = trace.shape
    if lengths.shape != (B,) or not bool(((lengths >= 0) & (lengths <= T)).all()):
        raise ValueError(f"lengths must be {B} numbers from 0 to {T}, not {lengths.tolist()}")
    return torch.arange(T, device=trace.device)[:, None] < lengths.to(trace.device)


def measure(trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None = None) -> Sums:
    """Return the sums of a trace {layer: {gate: (T, B, H)}}; add those of several batches with `merge`."""
    return {
        (layer, gate): gate_sums(values, lengths) for layer, gates in trace.items() for gate, values in gates.items()
    }


def merge(one: Sums, other: Sums) -> Sums:
    """Return the sums over both parts of a data set.

    Raises:
        ValueError: the parts are not of the same layers and gates.
    """
    if one.keys() != other.keys():
        raise ValueError(f"gate sums of {sorted(one)} and {sorted(other)} do not belong to one network")
    return {key: sums + other[key] for key, sums in one.items()}


def describe(sums: Sums, unit_gates: Collection[str]) -> dict[str, float]:
    """Return each gate's figures by metric name, over all steps and units: "gate/l0/f/mean" and "gate/l0/f/std".

    unit_gates: names of the gates whose values lie in [0, 1], for only there do saturation and timescale mean anything;
    they have "gate/l0/f/left", "gate/l0/f/right" and "gate/l0/f/tau" too.

    Raises:
        ValueError: a gate of `unit_gates` has a mean outside of [0, 1].
    """
    figures: dict[str, float] = {}
    for (layer, gate), units in sums.items():
        pool = units.pooled()
        named = {"mean": pool.mean, "std": pool.std}
        if gate in unit_gates:
            named |= {"left": pool.left_saturated, "right": pool.right_saturated}
        values = dict(zip(named, torch.cat(list(named.values())).tolist(), strict=True))
        if gate in unit_gates:
            values["tau"] = timescale(values["mean"])
        figures |= {f"gate/l{layer}/{gate}/{name}": value for name, value in values.items()}
    return figures


def summarize(
    trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None = None, *, unit_gates: Collection[str]
) -> dict[str, float]:
    """Return the figures of one trace {layer: {gate: (T, B, H)}}: `describe` of its `measure`."""
    return describe(measure(trace, lengths), unit_gates)


def timescale(mean: float) -> float:
    """Return τ = -1 / ln(mean) in time steps: multiplied by the constant `mean`, a state is down to 1/e after τ steps.

    It is the timescale of the mean gate, not the mean of the timescales, and speaks of memory only for a gate that
    multiplies the old state. A mean of 0 gives 0 (nothing is kept), 1 gives infinity (nothing is lost), NaN gives NaN.

    Raises:
        ValueError: the mean lies outside of [0, 1].
    """
    if mean < 0 or mean > 1:
        raise ValueError(f"a gate in [0, 1] cannot have the mean {mean}")
    if mean in (0.0, 1.0):
        return math.inf if mean else 0.0
    return -1 / math.log(mean)
