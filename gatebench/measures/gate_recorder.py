"""`GateRecorder`: the sums of the gates over the batches of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from torch import Tensor

from gatebench.measures.gate_bins import UNBOUNDED, UNIT, Bins, bins_of
from gatebench.measures.gate_metrics import GateRole, keep_and_write, metrics
from gatebench.measures.gate_sums import TraceSums
from gatebench.measures.gate_trace import sum_gate, sum_pair


class GateRecorder:
    """Records the gates of a network over any number of batches.

    Args:
        roles: the roles of the cell's gates, from `gatebench.derive.roles`. Fixed gates are not recorded.
        ranges: {gate: (low, high)}, intervals that contain all values of a gate, for the bins of the histograms. A
            gate without an interval has the bins of [0, 1] if its role lies there, else those of unbounded values.

    Examples:
        One epoch of validation:

            recorder = GateRecorder(roles(cell), gate_ranges(cell))
            for batch in batches:
                output, _, trace = layer.trace(batch.x, lengths=batch.lengths)
                recorder.add(trace, batch.lengths)
            metrics = recorder.metrics()
            recorder.reset()
    """

    def __init__(self, roles: Sequence[GateRole], ranges: Mapping[str, tuple[float, float]] | None = None) -> None:
        self.roles = tuple(roles)
        self._fixed = {role.gate for role in self.roles if role.fixed is not None}
        self._bins = {role.gate: UNIT if role.unit else UNBOUNDED for role in self.roles}
        self._bins |= {gate: bins_of(*interval) for gate, interval in (ranges or {}).items()}
        pair = keep_and_write(self.roles)
        self._pair = (pair[0].gate, pair[1].gate) if pair else None
        self._sums: TraceSums | None = None

    @property
    def implementation(self) -> Literal["compiled", "torch"]:
        """What computes the sums. It is the fact "gate statistics" of a run."""
        return "torch"

    @property
    def sums(self) -> TraceSums:
        """The sums over all batches since the last reset; no gates before the first batch."""
        return self._sums or TraceSums({}, {})

    def add(self, trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None = None) -> None:
        """Add a batch.

        Args:
            trace: the gates of `Recurrent.trace`, {layer: {gate: (T, B, H)}}. It is not kept.
            lengths: the true lengths (B,); steps at or after them are padding and do not count. None: all steps count.

        Raises:
            ValueError: a gate does not have three dimensions, a length is outside of 0 .. T, or the batch has other
                layers or gates than the batches before.
        """
        sums = self._sum_batch(trace, lengths)
        self._sums = sums if self._sums is None else self._sums + sums

    def metrics(self) -> dict[str, float]:
        """Return the metrics of the recorded gates by name; see `gatebench.measures.gate_metrics.metrics`."""
        return metrics(self.sums, self.roles)

    def reset(self) -> None:
        """Forget all batches."""
        self._sums = None

    def _sum_batch(self, trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None) -> TraceSums:
        gates, pairs = {}, {}
        for layer, values in trace.items():
            for gate, tensor in values.items():
                if gate not in self._fixed:
                    gates[layer, gate] = sum_gate(tensor, lengths, self._bins_of(gate))
            if self._pair and values.keys() >= set(self._pair):
                keep, write = (values[gate] for gate in self._pair)
                if keep.shape == write.shape:
                    pairs[layer] = sum_pair(keep, write, lengths, self._pair)
        return TraceSums(gates, pairs)

    def _bins_of(self, gate: str) -> Bins:
        return self._bins.get(gate, UNBOUNDED)
