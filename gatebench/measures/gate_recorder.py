"""`GateRecorder`: the sums of the gates over the batches of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from torch import Tensor

from gatebench.measures.gate_bins import UNBOUNDED, UNIT, bins_of
from gatebench.measures.gate_kernel import KernelSums, kernel_trouble
from gatebench.measures.gate_metrics import GateRole, keep_and_write, metrics
from gatebench.measures.gate_sums import GateLayout, TraceSums
from gatebench.measures.gate_trace import TorchSums

Implementation = Literal["compiled", "torch"]
"""What computes the sums of gates."""

Names = tuple[tuple[int, tuple[str, ...]], ...]
"""For each layer its number and the letters of its gates."""


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
        self._recorder: KernelSums | TorchSums | None = None
        self._names: Names = ()
        self._batches = 0

    @property
    def implementation(self) -> Implementation:
        """What computes the sums: the compiled kernel, or torch operations.

        Torch computes them if the gates are on another device than the CPU, or if there is no C compiler. A run keeps
        it as the fact "gate statistics".
        """
        if self._recorder is None:
            return "torch" if kernel_trouble() else "compiled"
        return "compiled" if isinstance(self._recorder, KernelSums) else "torch"

    @property
    def sums(self) -> TraceSums:
        """The sums over all batches since the last reset; no gates before the first batch."""
        return self._recorder.sums if self._recorder and self._batches else TraceSums({}, {})

    def add(self, trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None = None) -> None:
        """Add a batch.

        Args:
            trace: the gates of `Recurrent.trace`, {layer: {gate: (T, B, H)}}. It is not kept.
            lengths: the true lengths (B,); steps at or after them are padding and do not count. None: all steps count.

        Raises:
            ValueError: a gate does not have three dimensions, a length is outside of 0 .. T, or the batch has other
                gates or sizes than the batches before.
        """
        names = tuple((layer, tuple(gates)) for layer, gates in trace.items())
        if self._recorder is None:
            self._names, self._recorder = names, self._make(trace)
        if names != self._names:
            raise ValueError(f"{_text(names)} and {_text(self._names)} are not gates of one network")
        self._recorder.add(trace, lengths)
        self._batches += 1

    def metrics(self) -> dict[str, float]:
        """Return the metrics of the recorded gates by name; see `gatebench.measures.gate_metrics.metrics`."""
        return metrics(self.sums, self.roles)

    def reset(self) -> None:
        """Forget all batches."""
        self._batches = 0
        if self._recorder is not None:
            self._recorder.reset()

    def _make(self, trace: Mapping[int, Mapping[str, Tensor]]) -> KernelSums | TorchSums:
        """Return what sums the gates of batches like this one."""
        recorded = [
            (layer, gate, values)
            for layer, gates in trace.items()
            for gate, values in gates.items()
            if gate not in self._fixed
        ]
        for _, _, values in recorded:
            if values.ndim != 3:
                raise ValueError(f"a gate trace has the shape (T, B, H), not {tuple(values.shape)}")
        layouts = tuple(
            GateLayout(layer, gate, values.shape[2], self._bins.get(gate, UNBOUNDED))
            for layer, gate, values in recorded
        )
        on_cpu = all(values.device.type == "cpu" for _, _, values in recorded)
        return (KernelSums if on_cpu and kernel_trouble() is None else TorchSums)(layouts, self._pair)


def _text(names: Names) -> str:
    return "; ".join(f"{', '.join(gates)} of layer {layer}" for layer, gates in names) or "no gates"
