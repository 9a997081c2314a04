"""The validation score against other metrics: a small mark for each trial, and a large one at the median of a cell."""

from collections.abc import Mapping, Sequence
from statistics import median

from gatebench.report.figures.style import COLUMN, INK, PAGE, Drawing, cell_styles, new_drawing, set_log_axis
from gatebench.report.figures.task_trials import TaskTrials

WIDE = 8.0
"""The ratio of the greatest to the least value from which an axis is logarithmic."""

Points = Sequence[tuple[float, ...]]
"""Pairs of a metric and the score, one for each trial."""


def points(trials: TaskTrials, name: str) -> dict[str, Points]:
    """Return the points of each cell that has some.

    Args:
        trials: the trials of the task.
        name: the name of the metric on the horizontal axis, see `gatebench.report.figures.task_trials.value`.
    """
    found = {cell: trials.values(cell, name, trials.validation) for cell in trials.cells}
    return {cell: own for cell, own in found.items() if own}


def is_wide(values: Sequence[float]) -> bool:
    """Return whether values need a logarithmic axis."""
    return min(values) > 0 and max(values) > WIDE * min(values)


def score_against(trials: TaskTrials, names: Mapping[str, str]) -> Drawing:
    """Return the figure, with axes for each metric that a trial has.

    Args:
        trials: the trials of the task.
        names: {name of a metric: label of its axis}.

    Raises:
        NothingToDrawError: no trial has one of the metrics.
    """
    panels = {name: own for name in names if (own := points(trials, name))}
    if not panels:
        raise trials.lacking(f"the metric {' or '.join(names.values())}")
    cells = [cell for cell in trials.cells if any(cell in own for own in panels.values())]
    styles = {cell: style for cell, style in cell_styles(trials.cells, trials.colours).items() if cell in cells}
    drawing = new_drawing(COLUMN if len(panels) == 1 else PAGE, 2.45, 1, len(panels), sharey=True)
    for axes, (name, own) in zip(drawing.axes, panels.items(), strict=True):
        for cell, some in own.items():
            x, y = [list(column) for column in zip(*some, strict=True)]
            style = styles[cell]
            axes.scatter(x, y, s=9, marker=style.mark, color=style.colour, alpha=0.45, linewidths=0)
            axes.scatter(
                median(x),
                median(y),
                s=42,
                marker=style.mark,
                color=style.colour,
                edgecolors=INK,
                linewidths=0.7,
                zorder=3,
            )
        axes.set_xlabel(names[name])
        values = [x for some in own.values() for x, _ in some]
        if is_wide(values):
            set_log_axis(axes, "x", values)
    drawing.axes[0].set_ylabel(f"validation {trials.score_label}")
    drawing.legend(styles)
    drawing.caption(f"{trials.caption} · large marks: medians")
    return drawing
