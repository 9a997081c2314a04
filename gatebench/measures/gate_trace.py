"""The sums of gate traces with torch operations, on any device. The compiled kernel gives the same sums faster.

T time, B batch, H hidden; see `gatebench.measures.gate_sums`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from gatebench.measures.gate_bins import Bins
from gatebench.measures.gate_sums import GateLayout, GateSums, PairSums, TraceSums, partner

MOST_WAITING = 64
"""The largest number of batches whose sums stay on the device before they are read."""


class _GateTensors(NamedTuple):
    """The sums of one gate as tensors on the device of the trace; see `GateSums`."""

    bins: Bins
    steps: int
    total: Tensor
    squares: Tensor
    histogram: Tensor
    pairs: int
    change: Tensor

    def sums(self) -> GateSums:
        """Return the sums on the CPU."""
        arrays = (one.cpu().numpy() if isinstance(one, Tensor) else one for one in self[1:])
        return GateSums(self.bins, *arrays)  # type: ignore[arg-type]


class _PairTensors(NamedTuple):
    """The sum of products of two gates as a tensor; see `PairSums`."""

    gates: tuple[str, str]
    products: Tensor

    def sums(self) -> PairSums:
        """Return the sums on the CPU."""
        return PairSums(self.gates, self.products.cpu().numpy())


class _BatchTensors(NamedTuple):
    """The sums of one batch as tensors."""

    gates: dict[tuple[int, str], _GateTensors]
    pairs: dict[int, _PairTensors]

    def sums(self) -> TraceSums:
        """Return the sums on the CPU."""
        return TraceSums(
            {key: one.sums() for key, one in self.gates.items()},
            {layer: one.sums() for layer, one in self.pairs.items()},
        )


class TorchSums:
    """The sums of all gates of a network over any number of batches.

    Args:
        layouts: the gates that are recorded. A batch can have other gates, which are ignored.
        pair: the two gates whose products are summed in each layer that has both, or None.
    """

    def __init__(self, layouts: tuple[GateLayout, ...], pair: tuple[str, str] | None) -> None:
        self.layouts, self.pair = layouts, pair
        self._sums = TraceSums({}, {})
        self._waiting: list[_BatchTensors] = []

    @property
    def sums(self) -> TraceSums:
        """The sums over all batches since the last reset. Reading them waits for the device."""
        for batch in self._waiting:
            sums = batch.sums()
            self._sums = self._sums + sums if self._sums.gates else sums
        self._waiting = []
        return self._sums

    def add(self, trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None) -> None:
        """Add a batch; see `GateRecorder.add`.

        Raises:
            ValueError: a gate has other units than in the layout, or a length is outside of 0 .. T.
        """
        for one in self.layouts:
            shape = trace[one.layer][one.gate].shape
            if shape[-1] != one.units:
                raise ValueError(f"{one.gate} of layer {one.layer} is {tuple(shape)}, and had {one.units} units")
        gates = {
            (one.layer, one.gate): _gate_tensors(trace[one.layer][one.gate], lengths, one.bins) for one in self.layouts
        }
        pairs = {}
        for one in self.layouts:
            if self.pair is not None and partner(one, self.layouts, self.pair) >= 0:
                keep, write = (trace[one.layer][gate] for gate in self.pair)
                pairs[one.layer] = _pair_tensors(keep, write, lengths, self.pair)
        self._waiting.append(_BatchTensors(gates, pairs))
        if len(self._waiting) == MOST_WAITING:
            _ = self.sums

    def reset(self) -> None:
        """Set all sums to 0."""
        self._sums, self._waiting = TraceSums({}, {}), []


def checked_lengths(trace: Tensor, lengths: Tensor | None) -> Tensor:
    """Return the lengths (B,) as int64 on the CPU; T for every example if `lengths` is None.

    Raises:
        ValueError: the trace does not have three dimensions, or a length is outside of 0 .. T.
    """
    if trace.ndim != 3:
        raise ValueError(f"a gate trace has the shape (T, B, H), not {tuple(trace.shape)}")
    T, B, _ = trace.shape
    if lengths is None:
        return torch.full((B,), T, dtype=torch.int64)
    lengths = lengths.to("cpu", torch.int64)
    if lengths.shape != (B,) or not bool(((lengths >= 0) & (lengths <= T)).all()):
        raise ValueError(f"lengths must be {B} numbers from 0 to {T}, not {lengths.tolist()}")
    return lengths


def sum_gate(trace: Tensor, lengths: Tensor | None, bins: Bins) -> GateSums:
    """Return the sums of one gate.

    Args:
        trace: the gate's values (T, B, H).
        lengths: the true lengths (B,); steps at or after them are padding and do not count. None: all steps count.
        bins: the bins of the histogram.

    Raises:
        ValueError: the trace does not have three dimensions, or a length is outside of 0 .. T.
    """
    return _gate_tensors(trace, lengths, bins).sums()


def _gate_tensors(trace: Tensor, lengths: Tensor | None, bins: Bins) -> _GateTensors:
    """Return the sums of one gate as tensors; see `sum_gate`."""
    lengths = checked_lengths(trace, lengths)
    steps, pairs = int(lengths.sum()), int((lengths - 1).clamp(min=0).sum())
    valid = _valid(trace, lengths)
    values = torch.where(valid, trace.detach().double(), 0.0)
    total = values.sum((0, 1))
    deviations = torch.where(valid, values - total / max(steps, 1), 0.0)
    change = torch.where(valid[1:], (values[1:] - values[:-1]).abs(), 0.0)
    return _GateTensors(
        bins,
        steps,
        total,
        (deviations**2).sum((0, 1)),
        _histogram(values, valid & ~values.isnan(), bins),
        pairs,
        change.sum((0, 1)),
    )


def sum_pair(x: Tensor, y: Tensor, lengths: Tensor | None, gates: tuple[str, str]) -> PairSums:
    """Return the sum of products of two gates (T, B, H) called `gates`."""
    return _pair_tensors(x, y, lengths, gates).sums()


def _pair_tensors(x: Tensor, y: Tensor, lengths: Tensor | None, gates: tuple[str, str]) -> _PairTensors:
    """Return the sum of products of two gates as a tensor; see `sum_pair`."""
    lengths = checked_lengths(x, lengths)
    steps, valid = max(int(lengths.sum()), 1), _valid(x, lengths)
    deviations = []
    for trace in (x, y):
        values = torch.where(valid, trace.detach().double(), 0.0)
        deviations.append(torch.where(valid, values - values.sum((0, 1)) / steps, 0.0))
    return _PairTensors(gates, (deviations[0] * deviations[1]).sum((0, 1)))


def _valid(trace: Tensor, lengths: Tensor) -> Tensor:
    """Return the mask (T, B, 1) of the steps that are not padding."""
    return (torch.arange(len(trace))[:, None] < lengths)[:, :, None].to(trace.device, non_blocking=True)


def _histogram(values: Tensor, counts: Tensor, bins: Bins) -> Tensor:
    """Return the number of values (T, B, H) in each bin, (H, bins), of those for which the mask `counts` is true."""
    H = values.shape[2]
    index = ((values * bins.per_one).floor() - bins.first).clamp(0, bins.count - 1)
    index = torch.where(counts, index, float(bins.count)).long()  # the bin `count` takes the rest and is dropped
    index += torch.arange(H, device=values.device) * (bins.count + 1)
    totals = torch.zeros(H * (bins.count + 1), dtype=torch.int64, device=values.device)
    index = index.flatten()
    totals.scatter_add_(0, index, torch.ones_like(index))
    return totals.reshape(H, bins.count + 1)[:, : bins.count]
