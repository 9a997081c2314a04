"""How often the units of each gate are saturated: one point a unit, for each gate whose values lie in [0, 1].

This is the figure of Karpathy, Johnson & Fei-Fei 2015, "Visualizing and understanding recurrent networks".

The horizontal axis is the share of the values above 0.9 (right-saturated), the vertical one the share of those below
0.1 (left-saturated). A point cannot lie above the dotted line, on which the two shares add up to 1.
"""

import numpy as np
from matplotlib.axes import Axes

from gatebench.report.figures.gate_panels import gate_panels
from gatebench.report.figures.gate_units import GateUnits, gate_units
from gatebench.report.figures.style import GREY, CellStyle, Drawing
from gatebench.report.figures.task_trials import TaskTrials


def saturated_units(trials: TaskTrials) -> list[GateUnits]:
    """Return the units of the gates whose values lie in [0, 1].

    Args:
        trials: the trials of the task, with their gate arrays.
    """
    return [units for units in gate_units(trials) if units.left is not None and units.right is not None]


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task, with their gate arrays.

    Raises:
        NothingToDrawError: no trial has a gate whose values lie in [0, 1].
    """
    units = saturated_units(trials)
    if not units:
        raise trials.lacking("gate arrays (gates.npz) with a gate whose values lie in [0, 1]")
    drawing = gate_panels(trials, units, _draw, 1.15, sharex=True, sharey=True)
    drawing.figure.supxlabel("share of values above 0.9", fontsize=8)
    drawing.figure.supylabel("share of values below 0.1", fontsize=8)
    return drawing


def _draw(axes: Axes, units: GateUnits, style: CellStyle) -> None:
    assert units.left is not None
    assert units.right is not None
    finite = np.isfinite(units.left) & np.isfinite(units.right)
    axes.plot([0, 1], [1, 0], color=GREY, linestyle=":", linewidth=0.8)
    axes.scatter(
        units.right[finite],
        units.left[finite],
        s=8,
        marker=style.mark,
        color=style.colour,
        alpha=0.5,
        linewidths=0,
        clip_on=False,
    )
    axes.set_xlim(-0.03, 1.03)
    axes.set_ylim(-0.03, 1.03)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
