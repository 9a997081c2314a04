"""Benchmarks and their candidates, as plain data: what is timed, and what it is compared with.

This module imports no torch, so that a wrong setting is reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from gatebench.backends.names import backend_names
from gatebench.cells import build_cell, cell_names
from gatebench.errors import UserError, unknown
from gatebench.speed.jax_support import jax_trouble
from gatebench.speed.shape import Shape
from gatebench.training_settings import FULL_PRECISION, PRECISIONS

TORCH = "torch"
"""The candidate that is torch's own module, in this process."""

TORCH_PLAIN = "torch plain"
"""The candidate that is torch's own module in a separate process, with the allocator's default settings."""

JAX = "jax"
"""The candidate that is a loop in JAX, compiled by XLA, in a separate process."""

EAGER = "reference"
"""The backend that is an eager loop under autograd."""

TORCH_DESCRIPTIONS = {
    TORCH: "torch's own module in this process, with the same allocator settings",
    TORCH_PLAIN: "torch's own module in a separate process, with the allocator's default settings",
}
"""The descriptions of the candidates that are torch's own module."""

JAX_DESCRIPTION = (
    "a jitted lax.scan, forward and backward, generated from the instructions of reference, in a separate process that "
    "is bound to as many cores as there are threads"
)
"""The description of the candidate in JAX."""


@dataclass(frozen=True)
class Candidate:
    """One way to run a training step: a cell on a backend, or torch's own module.

    Attributes:
        name: the name in tables, such as "fused", "torch plain" or "lstm on fused".
        cell: the config of the cell, as `build_cell` takes it.
        runner: the name of a backend, `TORCH` or `JAX`.
        description: a few words for the text below the table. "" (default) stands for the description of the backend.
        precision: an item of `PRECISIONS`, the number type of matrix products; default float32.
        trace: whether the gates are recorded; default False.
        separate_process: whether it runs in a separate process with the allocator's default settings; default False.
        against: the names of its baselines, the most informative first; default none.
    """

    name: str
    cell: Mapping[str, Any]
    runner: str
    description: str = ""
    precision: str = FULL_PRECISION
    trace: bool = False
    separate_process: bool = False
    against: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The name, with ", recording" behind it if the gates are recorded."""
        return f"{self.name}, recording" if self.trace else self.name


@dataclass(frozen=True)
class Benchmark:
    """One cell at one shape, with the candidates that are timed in interleaved repetitions.

    Attributes:
        cell: the config of the cell, as `build_cell` takes it.
        shape: the sizes.
        candidates: the candidates, in the order of the table.
        memory: whether the peak memory of each candidate is measured too; default False.
    """

    cell: Mapping[str, Any]
    shape: Shape
    candidates: tuple[Candidate, ...]
    memory: bool = False

    @property
    def name(self) -> str:
        """The name of the cell, with its ablations, such as "lstm[i=1]"."""
        return build_cell(self.cell).name


def candidates(
    cell: Mapping[str, Any],
    backends: Sequence[str],
    against: Sequence[str],
    traces: Sequence[bool],
    precisions: Sequence[str] = (FULL_PRECISION,),
) -> tuple[Candidate, ...]:
    """Return the candidates for a cell: the baselines, then the cell on each backend in each precision.

    A candidate in another precision than float32 is compared with the same backend in float32 first. The baselines are
    in float32.

    A baseline with the equations of `cell` is left out. A baseline that is not a cell is itself compared with the
    baselines before it.

    Args:
        cell: the config of the cell, as `build_cell` takes it.
        backends: the names of the backends.
        against: the names of the baselines: `TORCH`, `TORCH_PLAIN`, `JAX`, a backend, or a cell, which stands for that
            cell on the same backend.
        traces: whether gates are recorded; each value gives separate candidates.
        precisions: items of `PRECISIONS`; each gives separate candidates.

    Raises:
        UserError: a backend, a precision or a baseline is unknown, or JAX is a baseline and cannot be timed here.
    """
    for name in backends:
        if name not in backend_names():
            raise unknown("backend", name, backend_names())
    for precision in precisions:
        if precision not in PRECISIONS:
            raise unknown("precision", precision, PRECISIONS)
    baselines = [name for name in dict.fromkeys(against) if not _has_equations_of(name, cell)]
    by_key: dict[tuple[str, bool], Candidate] = {}
    for position, name in enumerate(baselines):
        earlier = () if name in cell_names() else tuple(b for b in baselines[:position] if b not in cell_names())
        for candidate in _baseline_candidates(name, cell, backends, traces):
            by_key[candidate.name, candidate.trace] = replace(candidate, against=earlier)
    for backend in backends:
        names = tuple(f"{name} on {backend}" if name in cell_names() else name for name in baselines if name != backend)
        for precision, trace in product(precisions, traces):
            is_full = precision == FULL_PRECISION
            label, own = (backend, names) if is_full else (f"{backend} {precision}", (backend, *names))
            by_key[label, trace] = Candidate(
                label,
                cell,
                backend,
                "" if is_full else f"{backend} with matrix products in bfloat16",
                precision,
                trace,
                against=own,
            )
    return tuple(by_key.values())


def _has_equations_of(name: str, cell: Mapping[str, Any]) -> bool:
    """Return whether `name` is the name of a cell with the equations of `cell`."""
    return name in cell_names() and build_cell({"base": name}).digest == build_cell(cell).digest


def _baseline_candidates(
    name: str, cell: Mapping[str, Any], backends: Sequence[str], traces: Sequence[bool]
) -> list[Candidate]:
    """Return the candidates that the name of a baseline stands for."""
    if name in (TORCH, TORCH_PLAIN):
        separate = name == TORCH_PLAIN
        return [Candidate(name, cell, TORCH, TORCH_DESCRIPTIONS[name], separate_process=separate)]
    if name == JAX:
        if (trouble := jax_trouble()) is not None:
            raise UserError(trouble)
        return [Candidate(name, cell, JAX, JAX_DESCRIPTION, separate_process=True)]
    if name in backend_names():  # the eager loop never records: stacking the gates would make it slower
        return [Candidate(name, cell, name, trace=trace and name != EAGER) for trace in traces]
    if name in cell_names():
        description = f"the cell {name} on the same backend"
        return [
            Candidate(f"{name} on {backend}", {"base": name}, backend, description, trace=trace)
            for backend in backends
            for trace in traces
        ]
    raise unknown("baseline", name, [TORCH, TORCH_PLAIN, JAX, *backend_names(), *cell_names()])
