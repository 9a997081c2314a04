"""Box plots of the test scores of all trials, and below of the best 10 % by validation.

The layout is that of Figure 3 in Greff et al. 2017, "LSTM: A search space odyssey": each cell has a box for all trials
of its random search, and one for the best tenth of them. The trials of this tenth are chosen by their validation
scores. Grey bars behind the lower boxes are the mean numbers of parameters of these trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from gatebench.report.arms import is_score
from gatebench.report.figures.style import (
    COLUMN,
    GREY,
    INK,
    PALE,
    CellStyle,
    Drawing,
    cell_styles,
    new_drawing,
    shortened,
)
from gatebench.report.figures.task_trials import TaskTrials, value
from gatebench.report.selection import best_share

FEWEST = 5
"""The smallest number of scores that have a box. Fewer scores are marks."""


@dataclass(frozen=True)
class Box:
    """The scores of a cell.

    Attributes:
        cell: the label of the cell.
        scores: the test scores of the finished trials.
        best: the test scores of the best 10 % of the trials by validation, at least one.
        parameters: the mean number of parameters of the trials in `best`; NaN if it is unknown.
        diverged: the number of trials that diverged. They have no score, and count as the worst.
    """

    cell: str
    scores: Sequence[float]
    best: Sequence[float]
    parameters: float
    diverged: int


def boxes(trials: TaskTrials) -> list[Box]:
    """Return the scores of each cell that has a test score.

    Args:
        trials: the trials of the task.
    """
    sign = -1 if trials.metric.direction == "max" else 1
    found = []
    for cell, outcomes in trials.outcomes.items():
        scored = [outcome for outcome in outcomes if is_score(value(outcome, trials.test))]
        ranked = sorted(scored, key=lambda outcome: sign * value(outcome, trials.validation))
        diverged = trials.left_out.get(cell, {}).get("diverged", 0)
        best = ranked[: best_share(len(scored) + diverged)]
        if scored:
            sizes = [value(outcome, "parameters") for outcome in best]
            scores, top = ([value(one, trials.test) for one in some] for some in (scored, best))
            found.append(Box(cell, scores, top, float(np.mean(sizes)), diverged))
    return found


def limits(groups: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Return the ends of an axis that contains all boxes with their whiskers; None if it contains all scores.

    A few scores far away from all boxes would press the boxes together.
    """
    ends = [_whiskers(group) for group in groups if group]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    margin = 0.25 * (high - low)
    if margin == 0 or all(low - margin <= score <= high + margin for group in groups for score in group):
        return None
    return low - margin, high + margin


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task.

    Raises:
        NothingToDrawError: no trial has a test score.
    """
    found = boxes(trials)
    if not found:
        raise trials.lacking(f"the metric {trials.test}")
    styles = cell_styles(trials.cells, trials.colours)
    drawing = new_drawing(COLUMN, 1.5 + 0.36 * len(found), 2, 1)
    above, below = drawing.axes
    _draw_parameters(below, found)
    outside = 0
    for axes, title, groups in (
        (above, "all trials", [box.scores for box in found]),
        (below, "best 10 % by validation", [box.best for box in found]),
    ):
        _draw_boxes(axes, found, groups, [styles[box.cell] for box in found])
        if (ends := limits(groups)) is not None:
            axes.set_xlim(*ends)
            outside += sum(not ends[0] <= score <= ends[1] for group in groups for score in group)
        axes.set_title(title)
        axes.set_xlabel(f"test {trials.score_label}")
    words = "in brackets: number of trials; dotted: median of the first cell"
    further = f" · scores outside of the axes: {outside}" if outside else ""
    drawing.caption(f"{trials.caption}{further}\n{words}")
    return drawing


def _whiskers(scores: Sequence[float]) -> tuple[float, float]:
    """Return the least and the greatest score that lie within 1.5 interquartile ranges of the quartiles."""
    first, third = np.quantile(scores, [0.25, 0.75])
    reach = 1.5 * (third - first)
    inside = [score for score in scores if first - reach <= score <= third + reach]
    return min(inside), max(inside)


def _draw_boxes(
    axes: Axes, found: Sequence[Box], groups: Sequence[Sequence[float]], styles: Sequence[CellStyle]
) -> None:
    """Draw the boxes of one row of axes. The first cell is the uppermost one."""
    for row, (scores, style) in enumerate(zip(groups, styles, strict=True)):
        if len(scores) < FEWEST:
            axes.scatter(scores, [row] * len(scores), s=16, marker=style.mark, color=style.colour, zorder=3)
            continue
        axes.boxplot(
            [scores],
            positions=[row],
            orientation="horizontal",
            widths=0.62,
            patch_artist=True,
            boxprops={"facecolor": style.colour, "alpha": 0.55, "edgecolor": INK, "linewidth": 0.7},
            medianprops={"color": INK, "linewidth": 1.5},
            whiskerprops={"color": INK, "linewidth": 0.7},
            capprops={"color": INK, "linewidth": 0.7},
            flierprops={"marker": style.mark, "markersize": 2.5, "markeredgecolor": GREY, "markeredgewidth": 0.5},
            zorder=3,
        )
    axes.axvline(float(np.median(groups[0])), color=INK, linestyle=":", linewidth=0.9, zorder=2)
    counts = [len(scores) for scores in groups]
    labels = [f"{shortened(box.cell)} ({count})" for box, count in zip(found, counts, strict=True)]
    axes.set_yticks(range(len(found)), labels)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")


def _draw_parameters(axes: Axes, found: Sequence[Box]) -> None:
    """Draw a grey bar for the mean number of parameters behind each box, with an axis at the top."""
    sizes = [box.parameters for box in found]
    if not np.isfinite(sizes).all():
        return
    behind = axes.twiny()
    behind.set_zorder(axes.get_zorder() - 1)
    axes.patch.set_visible(False)
    behind.barh(range(len(found)), sizes, height=0.8, color=PALE, alpha=0.6, zorder=0)
    behind.set_xlim(0, 1.05 * max(sizes))
    behind.grid(visible=False)
    behind.spines["top"].set_visible(True)
    behind.spines["top"].set_color(GREY)
    behind.tick_params(axis="x", colors=GREY)
    behind.locator_params(axis="x", nbins=5)
    behind.set_xlabel("grey bars: mean number of parameters", color=GREY, fontsize=7)
