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
        self._recorders: dict[Names, KernelSums | TorchSums] = {}  # one for each part of the network
        self._used: set[Names] = set()  # the parts since the last reset

    @property
    def implementation(self) -> Implementation:
        """What computes the sums: the compiled kernel, or torch operations.

        Torch computes them if the gates are on another device than the CPU, or if there is no C compiler. A run keeps
        it as the fact "gate statistics".
        """
        if not self._recorders:
            return "torch" if kernel_trouble() else "compiled"
        return "compiled" if all(isinstance(one, KernelSums) for one in self._recorders.values()) else "torch"

    @property
    def sums(self) -> TraceSums:
        """The sums over all batches since the last reset; no gates before the first batch."""
        sums = [recorder.sums for names, recorder in self._recorders.items() if names in self._used]
        return TraceSums(
            {key: gate for one in sums for key, gate in one.gates.items()},
            {layer: pair for one in sums for layer, pair in one.pairs.items()},
        )

    def add(self, trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None = None) -> None:
        """Add a batch. If the network has several parts, each call adds the layers of one of them.

        Args:
            trace: the gates of `Recurrent.trace`, {layer: {gate: (T, B, H)}}. It is not kept.
            lengths: the true lengths (B,); steps at or after them are padding and do not count. None: all steps count.

        Raises:
            ValueError: a gate does not have three dimensions, a length is outside of 0 .. T, or the batch has other
                gates or sizes than the batches before.
        """
        names = tuple((layer, tuple(gates)) for layer, gates in trace.items())
        if names not in self._recorders:
            self._check_new_layers(names)
            self._recorders[names] = self._make(trace)
        self._recorders[names].add(trace, lengths)
        self._used.add(names)

    def metrics(self) -> dict[str, float]:
        """Return the metrics of the recorded gates by name; see `gatebench.measures.gate_metrics.metrics`."""
        return metrics(self.sums, self.roles)

    def reset(self) -> None:
        """Forget all batches."""
        self._used = set()
        for recorder in self._recorders.values():
            recorder.reset()

    def _check_new_layers(self, names: Names) -> None:
        """Check that the layers of a new part are not those of another one."""
        layers = {layer for layer, _ in names}
        for other in self._recorders:
            if not layers or layers & {layer for layer, _ in other}:
                raise ValueError(f"{_text(names)} and {_text(other)} are not gates of one network")

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
