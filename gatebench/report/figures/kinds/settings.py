"""The validation score against each numerical setting that differs between trials, such as the learning rate.

A row has the trials of one cell. The line is the median of the trials with the same value; if a setting has many
values, of those in each of a few groups of neighbouring values, which have equal numbers of trials.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import median

import numpy as np
from matplotlib.axes import Axes

from gatebench.outcome import Outcome
from gatebench.report.figures.panel_grid import panel_grid
from gatebench.report.figures.score_against import is_wide
from gatebench.report.figures.style import INK, CellStyle, Drawing, cell_styles, set_log_axis
from gatebench.report.figures.task_trials import NothingToDrawError, TaskTrials, value

FIRST = ("training.learning_rate", "model.hidden_size")
"""The settings that come first."""

MOST_SETTINGS = 4
"""The largest number of settings in the figure."""

GROUPS = 6
"""The largest number of values that have a median each, and the number of groups of more values."""

Points = list[tuple[float, float]]
"""Pairs of a setting and the score, one for each trial."""


def numerical_settings(trials: TaskTrials) -> list[str]:
    """Return the settings of the network, the training and the task that are numbers and differ between trials.

    Args:
        trials: the trials of the task.
    """
    outcomes = [one for own in trials.outcomes.values() for one in own]
    keys = dict.fromkeys(
        key for one in outcomes for key in one.settings if key.startswith(("model.", "training.", "task."))
    )
    values = {key: {_number(one, key) for one in outcomes} - {None} for key in keys}
    differing = [key for key, own in values.items() if len(own) > 1]
    return sorted(differing, key=lambda key: (FIRST.index(key) if key in FIRST else len(FIRST), key))[:MOST_SETTINGS]


def points(trials: TaskTrials, cell: str, key: str) -> Points:
    """Return the points of a cell, sorted by the setting.

    Args:
        trials: the trials of the task.
        cell: the label of the cell.
        key: the setting.
    """
    pairs = [(_number(one, key), value(one, trials.validation)) for one in trials.outcomes[cell]]
    return sorted((setting, score) for setting, score in pairs if setting is not None)


def medians(some: Points) -> Points:
    """Return the medians of the scores, at each value of the setting or at the median of each group of values.

    Args:
        some: the points, sorted by the setting.
    """
    values = sorted({setting for setting, _ in some})
    if len(values) <= GROUPS:
        groups = [[point for point in some if point[0] == setting] for setting in values]
    else:
        cuts = np.linspace(0, len(some), GROUPS + 1).round().astype(int).tolist()
        groups = [some[start:end] for start, end in pairwise(cuts)]
    return [(median(x for x, _ in group), median(y for _, y in group)) for group in groups if group]


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task.

    Raises:
        NothingToDrawError: no numerical setting differs between the trials.
    """
    keys = numerical_settings(trials)
    if not keys:
        raise NothingToDrawError(
            f"The trials of {trials.task} have equal learning rates, hidden sizes and other numerical settings."
        )
    styles = cell_styles(trials.cells, trials.colours)
    wide = {key: is_wide([x for cell in trials.cells for x, _ in points(trials, cell, key)]) for key in keys}
    panels = {
        (cell, key): _panel(some, styles[cell], wide[key])
        for cell in trials.cells
        for key in keys
        if (some := points(trials, cell, key))
    }
    drawing = panel_grid(panels, trials.cells, keys, 1.05, sharex="col", sharey=True)
    for column, key in enumerate(keys):
        drawing.axes[len(drawing.axes) - len(keys) + column].set_xlabel(key.partition(".")[2].replace("_", " "))
    drawing.figure.supylabel(f"validation {trials.score_label}", fontsize=8)
    drawing.caption(f"{trials.caption} · line: median")
    return drawing


def _number(outcome: Outcome, key: str) -> float | None:
    """Return a setting as a number; None if it is not a finite one."""
    try:
        number = float(outcome.settings.get(key, ""))
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _panel(some: Sequence[tuple[float, float]], style: CellStyle, is_log: bool) -> Callable[[Axes], None]:
    def panel(axes: Axes) -> None:
        x, y = [list(column) for column in zip(*some, strict=True)]
        axes.scatter(x, y, s=10, marker=style.mark, color=style.colour, alpha=0.55, linewidths=0)
        middle = medians(list(some))
        axes.plot([x for x, _ in middle], [y for _, y in middle], color=INK, linewidth=1.0)
        if is_log:
            set_log_axis(axes, "x", x)

    return panel
