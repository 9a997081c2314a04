"""The statistics of each unit as numpy arrays, for the file of gate arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from gatebench.measures.gate_bins import UNIT
from gatebench.measures.gate_file import Array, SplitStatistics, UnitStatistics
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
        mean=_array(units.mean),
        std=_array(units.std),
        change=_array(units.mean_change),
        histogram=_array(units.histogram),
        edges=np.array(units.bins.edges),
        left=_array(units.left_share) if unit else None,
        right=_array(units.right_share) if unit else None,
        tau=_array(timescales(1 - units.mean if keeps[0].complement else units.mean)) if keeps else None,
    )


def _array(tensor: Tensor) -> Array:
    return np.ascontiguousarray(tensor.numpy())
