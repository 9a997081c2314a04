"""The sizes, marks and the writing of the study's figures.

Cells differ in colour and in the shape of their marks, and curves also in their dashes, so that the figures can be read
in grey. A figure is as wide as a column or a page of a paper, so its text has its printed size.
"""

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from gatebench.report.figures.svg_panel import number

MARKS = "osD^vP<X>p*h"
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
INK, SOFT, GREY, PALE = "#111827", "#374151", "#6b7280", "#c3c8d0"

COLUMN, PAGE = 3.5, 7.0
"""The widths of a column and of a page with two columns, in inches."""

FORMATS = ("svg", "png")
"""The formats in which a figure can be written."""

_PIXELS_PER_INCH = 200
_LEGEND_ROW = 0.15  # inches
_CHARACTERS_PER_INCH = 18.5  # of the caption
_SETTINGS: Mapping[Any, Any] = {
    "font.size": 8.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 8.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 4.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "grid.color": "#e2e5ea",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "image.interpolation": "nearest",
    "legend.frameon": False,
    "legend.fontsize": 7.0,
    "savefig.dpi": _PIXELS_PER_INCH,
    "text.parse_math": False,  # the name of a cell may contain dollar signs
    "svg.fonttype": "path",
    "svg.hashsalt": "gatebench",
}


@dataclass(frozen=True)
class CellStyle:
    """The look of a cell.

    Attributes:
        colour: its colour, "#RRGGBB".
        mark: the shape of its marks.
        dashes: the dashes of its curves.
    """

    colour: str
    mark: str
    dashes: Any


def cell_styles(cells: Sequence[str], colours: Mapping[str, str]) -> dict[str, CellStyle]:
    """Return the look of each cell. Marks and dashes follow the order of the cells."""
    return {
        cell: CellStyle(colours.get(cell, GREY), MARKS[index % len(MARKS)], DASHES[index % len(DASHES)])
        for index, cell in enumerate(cells)
    }


def shortened(label: str, most: int = 30) -> str:
    """Return a label with at most some characters. A long one lacks its middle.

    Examples:
        >>> shortened("lstm"), shortened("lstm[i=1, f=0.5]", 9)
        ('lstm', 'lstm…0.5]')
    """
    end = most // 2
    return label if len(label) <= most else f"{label[: most - 1 - end]}…{label[-end:]}"


@dataclass
class Drawing:
    """A figure that is being drawn.

    Attributes:
        figure: the figure.
        axes: its axes, row by row, from left to right.
    """

    figure: Figure
    axes: list[Axes] = field(default_factory=list)

    def caption(self, text: str) -> None:
        """Write a small text above the axes, in as many lines as it needs."""
        width = round(self.figure.get_figwidth() * _CHARACTERS_PER_INCH)
        lines = [line for part in text.split("\n") for line in textwrap.wrap(part, width)]
        self.figure.suptitle("\n".join(lines), x=0.01, ha="left", fontsize=6.5, color=GREY, linespacing=1.3)

    def legend(self, styles: Mapping[str, CellStyle], *, lines: bool = False) -> None:
        """Write the names of the cells below the axes, in columns. The figure becomes higher by their rows.

        Args:
            styles: the looks of the cells.
            lines: whether a cell has a curve in the figure. Otherwise it has only marks.
        """
        handles = [
            Line2D(
                [],
                [],
                color=style.colour,
                marker=style.mark,
                markersize=4.5,
                linestyle=style.dashes if lines else "none",
                linewidth=1.4,
                label=shortened(cell),
            )
            for cell, style in styles.items()
        ]
        self.legend_of(handles, 3.0 if lines else 1.0)

    def legend_of(self, handles: Sequence[Artist], length: float = 1.0) -> None:
        """Write the labels of some handles below the axes, in columns. The figure becomes higher by their rows.

        Args:
            handles: the handles.
            length: the length of the sign before a label, in units of the size of the font.
        """
        widest = max(len(str(handle.get_label())) for handle in handles) * 0.052 + 0.245 + 0.085 * length
        columns = min(max(1, int(self.figure.get_figwidth() / widest)), len(handles))
        height = self.figure.get_figheight() + _LEGEND_ROW * math.ceil(len(handles) / columns) + 0.1
        self.figure.set_figheight(height)
        self.figure.legend(handles=handles, loc="outside lower center", ncols=columns, handlelength=length)

    def remove_after(self, count: int) -> None:
        """Remove the axes after the first ones."""
        for axes in self.axes[count:]:
            axes.remove()
        del self.axes[count:]

    def render(self, formats: Sequence[str]) -> dict[str, bytes]:
        """Return the figure in some of the `FORMATS`. The same figure gives the same bytes."""
        return {name: self._render(name) for name in formats}

    def _render(self, name: str) -> bytes:
        buffer = BytesIO()
        nothing = {"Date": None, "Creator": None} if name == "svg" else {"Software": None}
        self.figure.savefig(buffer, format=name, metadata=nothing, facecolor="white")
        return buffer.getvalue()


@contextmanager
def figure_settings() -> Iterator[None]:
    """Use the settings of the figures inside the block. matplotlib's settings of the user have no effect on it."""
    settings: dict[Any, Any] = {**mpl.rcParamsDefault, **_SETTINGS, "backend": mpl.rcParams["backend"]}
    with mpl.rc_context(settings):
        yield


def new_drawing(width: float, height: float, rows: int = 1, columns: int = 1, **options: Any) -> Drawing:
    """Return a figure with axes in rows and columns. It is to be drawn and rendered inside `figure_settings`.

    Args:
        width: the width in inches.
        height: the height in inches.
        rows: the number of rows of axes.
        columns: the number of columns of axes.
        options: further arguments of `Figure.subplots`.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **options)
    return Drawing(figure, list(axes.flat))


def set_log_axis(axes: Axes, name: Literal["x", "y"], values: Iterable[float]) -> None:
    """Make an axis logarithmic. Its numbers are written as in the tables, and powers of ten only if there are many.

    Args:
        axes: the axes.
        name: the axis.
        values: the values on it. Those that are not positive are ignored.
    """
    positive = [value for value in values if value > 0]
    decades = math.log10(max(positive) / min(positive)) if positive else 1.0
    axes.set_xscale("log") if name == "x" else axes.set_yscale("log")
    axis = axes.xaxis if name == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 2.0, 5.0), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_formatter(NullFormatter())
    if decades <= 2:
        axis.set_minor_locator(NullLocator())
