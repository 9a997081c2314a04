"""The statistics of all units of each gate of a cell, over all its trials, as values of the role of the gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gatebench.measures.gate_file import Array, GateFile, UnitStatistics
from gatebench.report.figures.task_trials import TaskTrials

ROLES = ("keep", "write", "expose", "reset")
"""The roles that have a column of their own, in the order of the columns."""

OTHER = "other"
"""The column of gates without one of the `ROLES`."""


@dataclass(frozen=True)
class GateUnits:
    """The units of one gate of a cell, over all trials of the cell. N counts the units of all trials.

    Attributes:
        cell: the label of the cell.
        layer: the number of the layer.
        role: the role, or "other". A second gate with the same role has "keep 2".
        label: the role and the gate, for example "keep: f" or "write: 1 − z".
        mean: the mean of each unit, (N,).
        left: the share of values below 0.1 of each unit, (N,); None if values can leave [0, 1].
        right: the share of values above 0.9 of each unit, (N,); None likewise.
        edges: the edges of the bins, (bins + 1,).
        shares: the share of all values in each bin, (bins,).
        taus: the timescale of each unit in steps, an array (H,) for each trial; empty for a gate that keeps nothing.
    """

    cell: str
    layer: int
    role: str
    label: str
    mean: Array
    left: Array | None
    right: Array | None
    edges: Array
    shares: Array
    taus: Sequence[Array]


def gate_units(trials: TaskTrials, split: str = "val") -> list[GateUnits]:
    """Return the units of all gates, by cell and layer, then in the order of the roles.

    A gate with several roles is returned for each of them: the update gate z of a GRU keeps, and 1 - z writes.

    Args:
        trials: the trials of the task, with their gate arrays.
        split: "val" for the best epoch, or "test".
    """
    return [units for cell in trials.cells for units in _units_of_cell(trials, cell, split)]


def role_columns(units: Sequence[GateUnits]) -> list[str]:
    """Return the roles of some gates in the order of `ROLES`; others follow."""
    present = dict.fromkeys(one.role for one in units)
    ranks = {role: rank for rank, role in enumerate(ROLES)}
    return sorted(present, key=lambda role: (ranks.get(role.partition(" ")[0], len(ROLES)), role))


def _units_of_cell(trials: TaskTrials, cell: str, split: str) -> Iterator[GateUnits]:
    files = [trials.gates[one.digest] for one in trials.outcomes[cell] if one.digest in trials.gates]
    files = [file for file in files if split in file.splits]
    if not files:
        return
    keys = dict.fromkeys(key for file in files for key in file.splits[split].gates)
    roles = [(layer, name, gate, flipped) for layer, gate in keys for name, flipped in _roles(files[0], gate)]
    taken: set[tuple[int, str]] = set()
    for layer, name, gate, is_complement in sorted(roles, key=lambda one: (one[0], _rank(one[1]))):
        role = next(one for one in _numbered(name) if (layer, one) not in taken)
        taken.add((layer, role))
        own = [file.splits[split].gates[layer, gate] for file in files if (layer, gate) in file.splits[split].gates]
        letter = f"1 − {gate}" if is_complement else gate
        yield _joined(cell, layer, role, letter if name == OTHER else f"{name}: {letter}", own, is_complement)


def _roles(file: GateFile, gate: str) -> list[tuple[str, bool]]:
    """Return the roles of a gate, each with whether its value is 1 minus the gate's value."""
    own = [role.partition("/")[::2] for role in file.roles if role.partition("/")[2] in (gate, f"1-{gate}")]
    return [(name, letter != gate) for name, letter in own if name in ROLES] or [(OTHER, False)]


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)


def _numbered(role: str) -> Iterator[str]:
    yield role
    for number in range(2, 100):
        yield f"{role} {number}"


def _joined(
    cell: str, layer: int, role: str, label: str, own: Sequence[UnitStatistics], is_complement: bool
) -> GateUnits:
    mean = np.concatenate([one.mean for one in own])
    edges = own[0].edges
    counts = sum(one.histogram.sum(axis=0) for one in own if one.edges.shape == edges.shape)
    shares = np.asarray(counts, dtype=float) / max(float(np.sum(counts)), 1.0)
    left, right = (_concatenated([getattr(one, side) for one in own]) for side in ("left", "right"))
    taus = [one.tau for one in own if one.tau is not None]
    if not is_complement:
        return GateUnits(cell, layer, role, label, mean, left, right, edges, shares, taus)
    return GateUnits(cell, layer, role, label, 1 - mean, right, left, (1 - edges)[::-1], shares[::-1], taus)


def _concatenated(arrays: Sequence[Array | None]) -> Array | None:
    """Return the arrays one after another; None if one of them is missing."""
    present = [array for array in arrays if array is not None]
    return np.concatenate(present) if present and len(present) == len(arrays) else None
