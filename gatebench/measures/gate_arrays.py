"""The statistics of each unit as numpy arrays, for the file of gate arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gatebench.measures.gate_bins import UNIT
from gatebench.measures.gate_file import SplitStatistics, UnitStatistics
from gatebench.measures.gate_metrics import GateRole, timescales
from gatebench.measures.gate_sums import GateSums, TraceSums


def split_statistics(sums: TraceSums, roles: Sequence[GateRole]) -> SplitStatistics:
    """Return the statistics of each unit of every recorded gate.

    Args:
        sums: the sums over one split.
        roles: the roles of the gates: only gates that keep have a timescale, and only gates with values in [0, 1] have
            shares of saturated values.
    """
    steps = next((units.steps for units in sums.gates.values()), 0)
    return SplitStatistics(
        steps, {(layer, gate): _unit_statistics(units, gate, roles) for (layer, gate), units in sums.gates.items()}
    )


def _unit_statistics(units: GateSums, gate: str, roles: Sequence[GateRole]) -> UnitStatistics:
    keeps = [role for role in roles if role.gate == gate and role.name == "keep" and role.unit]
    unit = units.bins == UNIT
    return UnitStatistics(
        mean=units.mean,
        std=units.std,
        change=units.mean_change,
        histogram=units.histogram,
        edges=np.array(units.bins.edges),
        left=units.left_share if unit else None,
        right=units.right_share if unit else None,
        tau=timescales(1 - units.mean if keeps[0].complement else units.mean) if keeps else None,
    )
