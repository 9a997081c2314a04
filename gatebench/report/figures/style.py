"""The sizes, marks and the writing of the study's figures.

Cells differ in colour and in the shape of their marks, and curves also in their dashes, so that the figures can be read
in grey.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

MARKS = "osD^vP<X>p*h"
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 2, 1.5, 2)))
GREY = "#6b7280"

_SETTINGS: Mapping[Any, Any] = {
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e2e5ea",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
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


@dataclass
class Drawing:
    """A figure that is being drawn.

    Attributes:
        figure: the figure.
        axes: its axes, from left to right.
    """

    figure: Figure
    axes: list[Axes] = field(default_factory=list)

    def svg(self) -> bytes:
        """Return the figure as an SVG picture. The same figure gives the same bytes."""
        buffer = BytesIO()
        self.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
        return buffer.getvalue()


@contextmanager
def drawing(width: float, height: float, columns: int = 1, **options: Any) -> Iterator[Drawing]:
    """Yield a figure with axes beside each other. matplotlib's settings of the user have no effect on it.

    Args:
        width: the width in inches.
        height: the height in inches.
        columns: the number of axes.
        options: further arguments of `Figure.subplots`.
    """
    settings: dict[Any, Any] = {**mpl.rcParamsDefault, **_SETTINGS, "backend": mpl.rcParams["backend"]}
    with mpl.rc_context(settings):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False, **options)
        yield Drawing(figure, list(axes[0]))
