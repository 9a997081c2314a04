"""Parallel coordinates: a line for each trial, and a vertical axis for each metric."""

from collections.abc import Mapping

from matplotlib.axes import Axes

from gatebench.report.figures.style import PAGE, SOFT, Drawing, cell_styles, new_drawing
from gatebench.report.figures.svg_panel import number
from gatebench.report.figures.task_trials import TaskTrials, value


def ranges(trials: TaskTrials) -> dict[str, tuple[float, float]]:
    """Return the axes: {metric: (least, greatest value)}. Metrics that no trial has are left out.

    Args:
        trials: the trials of the task.
    """
    names = ["parameters", "flops/step", *(f"keep/{layer}" for layer in trials.keep_layers[:1]), "seconds"]
    names.append(trials.validation)
    values = {name: [row[0] for cell in trials.outcomes for row in trials.values(cell, name)] for name in names}
    return {name: (min(some), max(some)) for name, some in values.items() if some}


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task.

    Raises:
        NothingToDrawError: the trials have fewer than three of the metrics.
    """
    axis_ranges = ranges(trials)
    if len(axis_ranges) < 3:
        raise trials.lacking("three of the metrics parameters, flops/step, seconds and the validation score")
    styles = cell_styles(trials.cells, trials.colours)
    drawing = new_drawing(PAGE, 2.7)
    (axes,) = drawing.axes
    for cell, outcomes in trials.outcomes.items():
        for outcome in outcomes:
            heights = [_height(value(outcome, name), *axis_ranges[name]) for name in axis_ranges]
            style = styles[cell]
            axes.plot(heights, color=style.colour, linestyle=style.dashes, linewidth=0.9, alpha=0.8)
            axes.plot(len(heights) - 1, heights[-1], style.mark, color=style.colour, markersize=4)
    _draw_axes(axes, axis_ranges)
    drawing.legend(styles, lines=True)
    drawing.caption(f"{trials.caption} · right axis: validation {trials.score_label}")
    return drawing


def _draw_axes(axes: Axes, axis_ranges: Mapping[str, tuple[float, float]]) -> None:
    axes.set_xticks(range(len(axis_ranges)), [_axis_name(name) for name in axis_ranges])
    axes.set_yticks([])
    axes.set_ylim(-0.09, 1.09)
    axes.grid(visible=False)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", length=0)
    for position, (low, high) in enumerate(axis_ranges.values()):
        axes.plot([position, position], [0.0, 1.0], color="#9ca3af", linewidth=0.9, zorder=0)
        for height, extreme in ((0.0, low), (1.0, high)):
            if height == 0.0 or high > low:
                above = 2 if height else -9
                axes.annotate(
                    number(extreme),
                    (position, height),
                    ha="center",
                    xytext=(0, above),
                    textcoords="offset points",
                    fontsize=7,
                    color=SOFT,
                )


def _height(x: float, low: float, high: float) -> float:
    return (x - low) / (high - low) if high > low else 0.0 * x


def _axis_name(name: str) -> str:
    """Return the name of a metric on an axis."""
    if name.startswith("keep/"):
        return f"mean of the gate that\nkeeps, layer {name[6:]}"
    names = {"flops/step": "FLOPs a step", "seconds": "time (s)"}
    return names.get(name, name.removeprefix("best/").replace("val/", "validation\n"))
