"""The columns of gates: which gates have a column, and its texts.

The metrics of gates have the names that `gatebench.measures.gate_statistics` gives them: "gate/l0/f/mean".
"""

import re
from collections.abc import Iterable, Sequence
from statistics import fmean

from gatebench.report.arms import Arm
from gatebench.report.number_format import MISSING

MOST_COLUMNS = 2
"""The largest number of columns of gates."""

PREFERRED = ("f", "z")
"""The gates that have a column before others: those that multiply the memory."""

GATE_METRIC = re.compile(r"gate/[^/]+/(?P<gate>[^/]+)/(?P<statistic>[^/]+)")


def gate_metric_names(arms: Iterable[Arm]) -> list[str]:
    """Return the names of all metrics of gates that an arm has, e.g. "gate/l0/f/mean", in order of occurrence."""
    names = (name for arm in arms for metrics in arm.metrics.values() for name in metrics)
    return [name for name in dict.fromkeys(names) if GATE_METRIC.fullmatch(name)]


def gate_values(arm: Arm, gate: str, statistic: str) -> list[float]:
    """Return the values of a gate's statistic, e.g. "mean", of all layers and seeds."""
    matches = ((name, GATE_METRIC.fullmatch(name)) for name in gate_metric_names([arm]))
    names = [name for name, match in matches if match and match["gate"] == gate and match["statistic"] == statistic]
    return [value for name in names for value in arm.values(name)]


def chosen_gates(arms: Sequence[Arm]) -> list[str]:
    """Return at most two gates that have a column, f and z before others.

    The second gate is one of a cell that does not have the first. Only gates whose values are in [0, 1] are chosen:
    they have a saturation. A gate that is constant in all cells is not chosen.
    """
    uncovered, chosen = list(arms), list[str]()
    while len(chosen) < MOST_COLUMNS:
        counts = {gate: sum(_varies(arm, gate) for arm in uncovered) for gate in _unit_gates(arms)}
        candidates = [gate for gate, number in counts.items() if number]
        if not candidates:
            break
        preferred = [gate for gate in PREFERRED if gate in candidates]
        chosen.append(preferred[0] if preferred else max(candidates, key=counts.__getitem__))
        uncovered = [arm for arm in uncovered if not gate_values(arm, chosen[-1], "mean")]
    return chosen


def gate_text(arm: Arm, gate: str) -> str:
    """Return the text of a gate's column.

    For example "0.87 (54%)", the mean and the share above 0.9 over layers and seeds; "= 1" for a constant gate.
    """
    means, right = gate_values(arm, gate, "mean"), gate_values(arm, gate, "right")
    if not means:
        return MISSING
    if not _varies(arm, gate):
        return f"= {fmean(means):.4g}"
    return f"{fmean(means):.2f}" + (f" ({100 * fmean(right):.0f}%)" if right else "")


def _unit_gates(arms: Iterable[Arm]) -> list[str]:
    """Return the gates whose values are in [0, 1]: only they have the statistic "right"."""
    matches = map(GATE_METRIC.fullmatch, gate_metric_names(arms))
    return list(dict.fromkeys(match["gate"] for match in matches if match and match["statistic"] == "right"))


def _varies(arm: Arm, gate: str) -> bool:
    """Return whether the arm has the gate, and its values are not all equal."""
    return bool(gate_values(arm, gate, "mean")) and any(gate_values(arm, gate, "std") or [True])
