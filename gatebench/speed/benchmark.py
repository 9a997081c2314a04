"""Who runs beside whom, as plain data: a cell at a shape, the contestants, and with whom each is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gatebench.backends.names import BACKEND_NAMES
from gatebench.cells import build_cell, cell_names
from gatebench.errors import unknown
from gatebench.speed.shape import Shape

TORCH = "torch"
"""The contestant that is torch's own module, in this process."""

PLAIN = "torch plain"
"""The contestant that is torch's own module as a user meets it, in a process of its own."""

EAGER = "reference"
"""The backend that is an eager loop under autograd."""

RUNNABLE = BACKEND_NAMES
"""The backends that can be named."""

TORCH_DESCRIPTIONS = {
    TORCH: "torch's own module in this process, with the same allocator",
    PLAIN: "torch's own module in a process of its own, which leaves the allocator as it is",
}
"""What the candidates that are torch's own module are."""


@dataclass(frozen=True)
class Candidate:
    """One way to run a training step.

    name: for tables, e.g. "fused", "torch plain", "lstm on fused". description: what it is; empty: what its backend's
    description says.
    cell: what `build_cell` takes. runner: a backend's name, or `TORCH`.
    trace: whether the gates are recorded.
    apart: whether it runs in a process of its own whose allocator is left as it is.
    against: the names of the contestants that it is compared with, the most telling first.
    """

    name: str
    cell: Mapping[str, Any]
    runner: str
    description: str = ""
    trace: bool = False
    apart: bool = False
    against: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name, with a word where gates are recorded."""
        return f"{self.name}, recording" if self.trace else self.name


@dataclass(frozen=True)
class Benchmark:
    """A cell at a shape. memory: whether each contestant's peak memory is measured too."""

    cell: Mapping[str, Any]
    shape: Shape
    contestants: tuple[Candidate, ...]
    memory: bool = False

    @property
    def name(self) -> str:
        """The cell's label."""
        return build_cell(self.cell).name


def candidates(
    cell: Mapping[str, Any], backends: Sequence[str], against: Sequence[str], traces: Sequence[bool]
) -> tuple[Candidate, ...]:
    """Return the contestants for a cell: those to compare with, then the cell on each backend.

    Args:
        cell: what `build_cell` takes.
        backends: their names.
        against: `TORCH`, `PLAIN`, a backend, or a cell, which stands for that cell on the same backend.
        traces: whether gates are recorded; each value is a contestant of its own.

    Raises:
        UserError: a name is unknown.
    """
    for name in backends:
        if name not in RUNNABLE:
            raise unknown("backend", name, RUNNABLE)
    rivals = [name for name in dict.fromkeys(against) if not _same(name, cell)]
    found: dict[tuple[str, bool], Candidate] = {}
    for position, name in enumerate(rivals):
        others = () if name in cell_names() else tuple(r for r in rivals[:position] if r not in cell_names())
        for one in _rivals(name, cell, backends, traces):
            found[one.name, one.trace] = replace(one, against=others)
    for backend in backends:
        names = tuple(f"{name} on {backend}" if name in cell_names() else name for name in rivals if name != backend)
        for trace in traces:
            found[backend, trace] = Candidate(backend, cell, backend, trace=trace, against=names)
    return tuple(found.values())


def _same(name: str, cell: Mapping[str, Any]) -> bool:
    """Return whether `name` is that of a cell with the equations of `cell`, which cannot be its own rival."""
    return name in cell_names() and build_cell({"base": name}).digest == build_cell(cell).digest


def _rivals(name: str, cell: Mapping[str, Any], backends: Sequence[str], traces: Sequence[bool]) -> list[Candidate]:
    """Return the contestants that a name in `against` stands for."""
    if name in (TORCH, PLAIN):
        return [Candidate(name, cell, TORCH, TORCH_DESCRIPTIONS[name], apart=name == PLAIN)]
    if name in RUNNABLE:  # the eager loop at its best: stacking gates would cost it time
        return [Candidate(name, cell, name, trace=trace and name != EAGER) for trace in traces]
    if name in cell_names():
        what = f"the cell {name} on the same backend"
        return [Candidate(f"{name} on {b}", {"base": name}, b, what, trace) for b in backends for trace in traces]
    raise unknown("baseline", name, [TORCH, PLAIN, *RUNNABLE, *cell_names()])
