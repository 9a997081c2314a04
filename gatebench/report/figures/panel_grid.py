"""Small axes in rows and columns: a row for each cell, with its name above the first axes of the row."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes

from gatebench.report.figures.style import GREY, PAGE, Drawing, new_drawing, shortened

Panels = Mapping[tuple[str, str], Callable[[Axes], None]]
"""{(row, column): function that draws into the axes}."""


def panel_grid(
    panels: Panels, rows: Sequence[str], columns: Sequence[str], height: float, **options: object
) -> Drawing:
    """Return the figure. Axes without a panel are not drawn, and a dash is in their place.

    Args:
        panels: the functions that draw.
        rows: the rows, from the top. Their names are written above their first axes.
        columns: the columns, from the left.
        height: the height of a row in inches.
        options: further arguments of `Figure.subplots`.
    """
    width = min(PAGE, 0.7 + 1.6 * len(columns))
    drawing = new_drawing(max(width, 2.4), 0.8 + height * len(rows), len(rows), len(columns), **options)
    for place, axes in enumerate(drawing.axes):
        row, column = rows[place // len(columns)], columns[place % len(columns)]
        if (draw := panels.get((row, column))) is not None:
            draw(axes)
            axes.tick_params(labelbottom=True)
        else:
            axes.set_axis_off()
            axes.text(0.5, 0.5, "–", ha="center", va="center", color=GREY, transform=axes.transAxes)
        if place % len(columns) == 0:
            axes.set_title(shortened(row))
    return drawing


def corner_text(axes: Axes, text: str) -> None:
    """Write a small text into the upper right corner of axes."""
    box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8}
    axes.text(0.97, 0.95, text, ha="right", va="top", fontsize=6.5, transform=axes.transAxes, bbox=box, zorder=5)
