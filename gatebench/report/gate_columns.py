"""The gate statistics of a table: which gates get a column, and what it says.

The figures have the names that `gatebench.measures.gate_statistics` gives them.
"""

import re
from collections.abc import Iterable, Sequence
from statistics import fmean

from gatebench.report.arms import Arm
from gatebench.report.number_format import NONE

MOST_COLUMNS = 2
FAMILIAR = ("f", "z")  # the gates of the memory: a reader looks for these first
FIGURE = re.compile(r"gate/[^/]+/(?P<gate>[^/]+)/(?P<name>[^/]+)")


def figure_names(arms: Iterable[Arm]) -> list[str]:
    """Return the names of all gate figures that an arm has, e.g. "gate/l0/f/mean", as first seen."""
    names = (name for arm in arms for figures in arm.metrics.values() for name in figures)
    return [name for name in dict.fromkeys(names) if FIGURE.fullmatch(name)]


def gate_figures(arm: Arm, gate: str, name: str) -> list[float]:
    """Return a figure of a gate, of all its layers and seeds."""
    found = ((key, FIGURE.fullmatch(key)) for key in figure_names([arm]))
    keys = [key for key, match in found if match and match["gate"] == gate and match["name"] == name]
    return [value for key in keys for value in arm.figures(key)]


def chosen_gates(arms: Sequence[Arm]) -> list[str]:
    """Return at most two gates to show, f and z before others: each shows something of a cell that the first lacks.

    Only gates with a saturation are taken, for their values lie in [0, 1]; a gate does not count where it is constant.
    """
    lacking, chosen = list(arms), list[str]()
    while len(chosen) < MOST_COLUMNS:
        cells = {gate: sum(_varies(arm, gate) for arm in lacking) for gate in _unit_gates(arms)}
        useful = [gate for gate, number in cells.items() if number]
        if not useful:
            break
        familiar = [gate for gate in FAMILIAR if gate in useful]
        chosen.append(familiar[0] if familiar else max(useful, key=cells.__getitem__))
        lacking = [arm for arm in lacking if not gate_figures(arm, chosen[-1], "mean")]
    return chosen


def gate_text(arm: Arm, gate: str) -> str:
    """Return what a column says: "0.87 (54%)", the mean and the share above 0.9 over layers and seeds; or "= 1"."""
    means, right = gate_figures(arm, gate, "mean"), gate_figures(arm, gate, "right")
    if not means:
        return NONE
    if not _varies(arm, gate):
        return f"= {fmean(means):.4g}"
    return f"{fmean(means):.2f}" + (f" ({100 * fmean(right):.0f}%)" if right else "")


def _unit_gates(arms: Iterable[Arm]) -> list[str]:
    matches = map(FIGURE.fullmatch, figure_names(arms))
    return list(dict.fromkeys(match["gate"] for match in matches if match and match["name"] == "right"))


def _varies(arm: Arm, gate: str) -> bool:
    return bool(gate_figures(arm, gate, "mean")) and any(gate_figures(arm, gate, "std") or [True])
