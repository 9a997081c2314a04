"""The histogram of each gate over all units, steps and trials of a cell, on the validation split at the best epoch."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from gatebench.report.figures.gate_panels import gate_panels
from gatebench.report.figures.gate_units import GateUnits, gate_units
from gatebench.report.figures.run_pictures import finite_edges
from gatebench.report.figures.style import INK, CellStyle, Drawing
from gatebench.report.figures.svg_panel import number
from gatebench.report.figures.task_trials import TaskTrials


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task, with their gate arrays.

    Raises:
        NothingToDrawError: no trial has gate arrays.
    """
    units = gate_units(trials)
    if not units:
        raise trials.lacking("gate arrays (gates.npz) with a gate")
    drawing = gate_panels(trials, units, _draw, 1.0)
    drawing.figure.supxlabel("value (dashed: mean)", fontsize=8)
    drawing.figure.supylabel("share of values in %", fontsize=8)
    return drawing


def _draw(axes: Axes, units: GateUnits, style: CellStyle) -> None:
    edges = finite_edges(units.edges.tolist())
    axes.stairs(100 * units.shares, edges, fill=True, color=style.colour, alpha=0.5, linewidth=0)
    axes.stairs(100 * units.shares, edges, color=style.colour, linewidth=0.8)
    axes.axvline(float(np.mean(units.mean)), color=INK, linestyle="--", linewidth=0.9)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, 1.3 * max(100 * float(units.shares.max()), 1e-3))
    axes.locator_params(axis="y", nbins=3)
    axes.locator_params(axis="x", nbins=2)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
