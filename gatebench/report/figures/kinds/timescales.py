"""The timescales of the units of each gate that keeps: τ = −1 / ln(mean of the unit), from the shortest to the longest.

A curve has the quantiles of the units of a trial, as the median over the trials of a cell with a band.
"""

import numpy as np

from gatebench.measures.gate_file import Array
from gatebench.report.figures.bands import Band, BandAxes, band_text, bands_of, draw_bands
from gatebench.report.figures.gate_panels import row_names, without_gates
from gatebench.report.figures.gate_units import GateUnits, gate_units
from gatebench.report.figures.style import Drawing, cell_styles
from gatebench.report.figures.task_trials import TaskTrials

PERCENTS = tuple(float(percent) for percent in range(0, 101, 4))
"""The quantiles of the units, in percent."""


def kept_units(trials: TaskTrials) -> list[GateUnits]:
    """Return the units of the gates that have timescales.

    Args:
        trials: the trials of the task, with their gate arrays.
    """
    return [units for units in gate_units(trials) if units.taus and units.role.startswith("keep")]


def bands(units: list[GateUnits]) -> dict[tuple[str, int], Band]:
    """Return the bands of the quantiles of the timescales, by cell and layer. A timescale of 0 or ∞ is a gap.

    Args:
        units: the units of the gates; of several gates of a cell that keep, the first counts.
    """
    first: dict[tuple[str, int], GateUnits] = {}
    for one in units:
        first.setdefault((one.cell, one.layer), one)
    names = {f"{cell}/{layer}": (cell, layer) for cell, layer in first}
    curves = {name: [_quantiles(tau) for tau in first[key].taus] for name, key in names.items()}
    return {names[name]: band for name, band in bands_of(curves).items()}


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task, with their gate arrays.

    Raises:
        NothingToDrawError: no trial has a gate with timescales.
    """
    units = kept_units(trials)
    found = bands(units)
    if not found:
        raise trials.lacking("gate arrays (gates.npz) with a timescale")
    names, styles = row_names(units), cell_styles(trials.cells, trials.colours)
    labels = BandAxes("units, from the shortest to the longest timescale (%)", "timescale τ (steps)", log_y=True)
    named = {names[key]: band for key, band in found.items()}
    drawing = draw_bands(named, {names[cell, layer]: styles[cell] for cell, layer in found}, labels)
    words = f"line: median over the trials; {band_text(named)}"
    drawing.caption(f"{trials.caption}{without_gates(trials, units)}\n{words}")
    return drawing


def _quantiles(tau: Array) -> dict[float, float]:
    """Return the quantiles by percent, without those that are 0 or ∞."""
    known = tau[~np.isnan(tau)]
    if not known.size:
        return {}
    values = np.quantile(known, np.array(PERCENTS) / 100, method="nearest").tolist()
    return {percent: value for percent, value in zip(PERCENTS, values, strict=True) if 0 < value < np.inf}
