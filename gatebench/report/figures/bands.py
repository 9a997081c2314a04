"""Curves with bands: the median of each cell over its trials, as a line, and the spread of the trials around it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gatebench.report.figures.style import (
    COLUMN,
    PAGE,
    PALE,
    CellStyle,
    Drawing,
    new_drawing,
    set_log_axis,
    shortened,
)

MOST_IN_ONE = 3
"""The largest number of cells in the same axes. More cells have axes each: their bands would hide each other."""

MOST_FOR_RANGE = 10
"""The largest number of trials of a cell for which the band is the range. With more trials it is between quartiles."""

_COLUMNS = 3
_MARKS = 6  # of a line


@dataclass(frozen=True)
class Band:
    """The curves of a cell.

    Attributes:
        x: the places on the horizontal axis, ascending.
        median: the median over the trials.
        low: the lower end of the band.
        high: the upper end of the band.
        trials: the number of trials.
    """

    x: Sequence[float]
    median: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    trials: int


@dataclass(frozen=True)
class BandAxes:
    """The axes of curves.

    Attributes:
        x_label: the label of the horizontal axis.
        y_label: the label of the vertical axis.
        whole_x: whether only whole numbers are written on the horizontal axis.
        log_y: whether the vertical axis is logarithmic. Values that are not positive are gaps.
    """

    x_label: str
    y_label: str
    whole_x: bool = False
    log_y: bool = False


def bands_of(curves: Mapping[str, Sequence[Mapping[float, float]]]) -> dict[str, Band]:
    """Return the band of each cell, at the places that at least half of its trials have.

    Args:
        curves: {cell: {place: value} of each of its trials}. Values that are not numbers are left out.
    """
    quartiles = any(len(own) > MOST_FOR_RANGE for own in curves.values())
    found = {cell: _band(own, 0.25 if quartiles else 0.0) for cell, own in curves.items() if own}
    return {cell: band for cell, band in found.items() if band.x}


def band_text(bands: Mapping[str, Band]) -> str:
    """Return the words that explain the bands."""
    quartiles = max(band.trials for band in bands.values()) > MOST_FOR_RANGE
    return f"band: {'between the quartiles' if quartiles else 'from the least to the greatest'} of the trials"


def draw_bands(bands: Mapping[str, Band], styles: Mapping[str, CellStyle], labels: BandAxes) -> Drawing:
    """Return the figure: a few cells in the same axes, or axes for each cell with the medians of the others in grey.

    Args:
        bands: the bands by cell.
        styles: the looks of the cells.
        labels: the axes.
    """
    drawing = _together(bands, styles, labels) if len(bands) <= MOST_IN_ONE else _beside(bands, styles, labels)
    values = [value for band in bands.values() for value in (*band.median, *band.low, *band.high)]
    for axes in drawing.axes:
        if labels.log_y:
            set_log_axis(axes, "y", values)
        axes.xaxis.set_major_locator(MaxNLocator(integer=labels.whole_x, nbins=6))
    return drawing


def _band(curves: Sequence[Mapping[float, float]], edge: float) -> Band:
    """Return the band between the quantiles `edge` and 1 - `edge`."""
    places, rows = [], []
    for place in sorted({place for curve in curves for place in curve}):
        values = [curve[place] for curve in curves if not np.isnan(curve.get(place, np.nan))]
        if len(values) >= ceil(len(curves) / 2):
            places.append(place)
            rows.append(np.quantile(values, [edge, 0.5, 1 - edge], method="median_unbiased").tolist())
    low, median, high = ([row[column] for row in rows] for column in range(3))
    return Band(places, median, low, high, len(curves))


def _together(bands: Mapping[str, Band], styles: Mapping[str, CellStyle], labels: BandAxes) -> Drawing:
    drawing = new_drawing(COLUMN, 2.6)
    (axes,) = drawing.axes
    for cell, band in bands.items():
        _draw(axes, band, styles[cell])
    axes.set_xlabel(labels.x_label)
    axes.set_ylabel(labels.y_label)
    drawing.legend({cell: styles[cell] for cell in bands}, lines=True)
    return drawing


def _beside(bands: Mapping[str, Band], styles: Mapping[str, CellStyle], labels: BandAxes) -> Drawing:
    rows = ceil(len(bands) / _COLUMNS)
    drawing = new_drawing(PAGE, 0.7 + 1.3 * rows, rows, _COLUMNS, sharex=True, sharey=True)
    for axes, (cell, band) in zip(drawing.axes, bands.items(), strict=False):
        for other in bands.values():
            axes.plot(other.x, other.median, color=PALE, linewidth=0.7, zorder=1)
        _draw(axes, band, styles[cell])
        axes.set_title(shortened(cell))
    drawing.figure.supxlabel(labels.x_label, fontsize=8)
    drawing.figure.supylabel(labels.y_label, fontsize=8)
    drawing.remove_after(len(bands))
    for axes in drawing.axes[-_COLUMNS:]:
        axes.tick_params(labelbottom=True)  # also above axes that were removed
    return drawing


def _draw(axes: Axes, band: Band, style: CellStyle) -> None:
    axes.fill_between(band.x, band.low, band.high, color=style.colour, alpha=0.2, linewidth=0)
    axes.plot(
        band.x,
        band.median,
        color=style.colour,
        linestyle=style.dashes,
        marker=style.mark,
        markersize=3.5,
        markevery=max(1, len(band.x) // _MARKS),
        linewidth=1.5,
    )
