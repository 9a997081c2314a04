"""Files of gate arrays to draw."""

from collections.abc import Sequence

import numpy as np

from gatebench.measures.gate_file import GateFile, SplitStatistics, UnitStatistics


def units(means: Sequence[float], *, keeps: bool = False, bounds: tuple[float, float] = (0.0, 1.0)) -> UnitStatistics:
    """Return the statistics of units with these means. Their values lie in two bins, three fourths in the lower one."""
    count, inside = len(means), bounds == (0.0, 1.0)
    mean = np.array(means, dtype=float)
    return UnitStatistics(
        mean=mean,
        std=np.zeros(count),
        change=np.zeros(count),
        histogram=np.array([[3, 1]] * count),
        edges=np.array([bounds[0], 0.5, bounds[1]]),
        left=0.1 * mean if inside else None,
        right=0.2 * mean if inside else None,
        tau=-1 / np.log(mean) if keeps else None,
    )


def lstm_gates(shift: float = 0.0, layers: int = 1) -> GateFile:
    """Return the gates of an LSTM with two units a layer, and its gradient over the lag."""
    gates = {}
    for layer in range(layers):
        gates[layer, "i"] = units([0.2 + shift, 0.3])
        gates[layer, "f"] = units([0.6 + shift, 0.8], keeps=True)
        gates[layer, "g"] = units([0.0, 0.1], bounds=(-1.0, 1.0))
    roles = ("candidate/g", "write/i", "keep/f")
    lags, norms = np.array([0, 1, 2, 3]), np.array([1.0, 0.1 + shift, 0.0, np.nan])
    return GateFile(roles, {"val": SplitStatistics(4, gates)}, lags, norms)


def gru_gates() -> GateFile:
    """Return the gates of a GRU, in which 1 - z keeps and z writes."""
    return GateFile(("write/z", "keep/1-z"), {"val": SplitStatistics(4, {(0, "z"): units([0.1, 0.4], keeps=True)})})
