"""The recording of a network's gates over the batches of a split."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

from torch import Tensor

from gatebench.derive.bounds import unit_gates
from gatebench.measures.gate_statistics import Sums, merge_sums, sum_trace, sums_to_metrics
from gatebench.spec.cell import Cell


class GateRecording:
    """The sums of the gates over any number of batches.

    Args:
        cell: the cell of the network.
    """

    def __init__(self, cell: Cell) -> None:
        self._cell = cell
        self._unit_gates = unit_gates(cell) & set(cell.definitions.gates)
        self.sums: Sums | None = None

    def add(self, trace: Mapping[int, Mapping[str, Tensor]], lengths: Tensor | None) -> None:
        """Add a batch: its gates (T, B, H) by layer and name, and its lengths."""
        sums = sum_trace(trace, lengths)
        self.sums = sums if self.sums is None else merge_sums(self.sums, sums)

    def merged(self, other: GateRecording | None) -> GateRecording:
        """Return a recording of the batches of both."""
        both = GateRecording(self._cell)
        parts = [part.sums for part in (self, other) if part is not None and part.sums is not None]
        both.sums = reduce(merge_sums, parts) if parts else None
        return both

    def metrics(self) -> dict[str, float]:
        """Return the statistics of the gates by metric name."""
        return {} if self.sums is None else sums_to_metrics(self.sums, self._unit_gates)
