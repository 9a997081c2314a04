"""Strip charts of the scores: a row for each cell, a mark for each trial, and a line at the mean of each cell."""

from matplotlib.axes import Axes

from gatebench.report.figures.style import GREY, INK, PAGE, CellStyle, Drawing, cell_styles, new_drawing, shortened
from gatebench.report.figures.task_trials import TaskTrials


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure: the validation scores at the best epoch, and beside them the test scores.

    Args:
        trials: the trials of the task.
    """
    cells, styles = trials.cells, cell_styles(trials.cells, trials.colours)
    splits = {"validation, best epoch": trials.validation, "test, best weights": trials.test}
    drawing = new_drawing(PAGE, 1.0 + 0.22 * len(cells), 1, 2, sharey=True)
    for axes, (title, name) in zip(drawing.axes, splits.items(), strict=True):
        for row, cell in enumerate(cells):
            _strip(axes, row, [x for (x,) in trials.values(cell, name)], styles[cell])
        axes.set_title(title)
        axes.set_xlabel(trials.score_label)
        axes.margins(x=0.06)
        axes.set_yticks(range(len(cells)), map(shortened, cells))
        axes.set_ylim(len(cells) - 0.4, -0.6)
        axes.grid(visible=False, axis="y")
    _mark_chance(drawing, trials)
    drawing.caption(trials.caption)
    return drawing


def spread(count: int) -> list[float]:
    """Return heights from -0.22 to 0.22, one for each mark of a row: marks with equal scores can be told apart."""
    return [0.22 * (2 * index / (count - 1) - 1) if count > 1 else 0.0 for index in range(count)]


def _strip(axes: Axes, row: int, values: list[float], style: CellStyle) -> None:
    if values:
        heights = [row + height for height in spread(len(values))]
        axes.scatter(values, heights, s=13, marker=style.mark, color=style.colour, alpha=0.85, linewidths=0)
        mean = sum(values) / len(values)
        axes.plot([mean, mean], [row - 0.34, row + 0.34], color=INK, linewidth=1.4)


def _mark_chance(drawing: Drawing, trials: TaskTrials) -> None:
    """Draw a dotted line at the score of a blind guess, unless it would make the axes more than twice as wide."""
    chances = {outcome.chance for outcomes in trials.outcomes.values() for outcome in outcomes}
    for axes in drawing.axes:
        low, high = axes.get_xlim()
        for chance in chances - {None}:
            if chance is not None and low - (high - low) < chance < high + (high - low):
                axes.axvline(chance, color=GREY, linestyle=":", linewidth=1.2)
                axes.annotate(
                    "chance",
                    (chance, 0.03),
                    xycoords=("data", "axes fraction"),
                    xytext=(3, 0),
                    textcoords="offset points",
                    fontsize=6.5,
                    color=GREY,
                    rotation=90,
                )
