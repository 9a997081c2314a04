"""Heat map of the gates over the epochs: a row for each gate of each cell, and its mean over all units and trials.

It shows how training moves the gates. The records keep no values of single time steps. They keep the weights of a run,
so the gates of an example can be computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan
from re import fullmatch

import numpy as np
from matplotlib.ticker import MaxNLocator

from gatebench.measures.gate_file import Array
from gatebench.report.figures.gate_units import ROLES
from gatebench.report.figures.style import COLUMN, Drawing, new_drawing, shortened
from gatebench.report.figures.task_trials import GATE_MEAN, TaskTrials


@dataclass(frozen=True)
class GateRow:
    """The course of one gate of a cell.

    Attributes:
        cell: the label of the cell.
        label: the role, the gate, and the layer if the task has several, for example "keep f".
        means: the mean of the gate in each epoch, as the mean over the trials, (E,). NaN if fewer than half of the
            trials have reached the epoch.
    """

    cell: str
    label: str
    means: Array


def metric_names(trials: TaskTrials) -> list[str]:
    """Return the names of the metrics of epochs that the figure needs: the means of gates with values in [0, 1].

    Args:
        trials: the trials of the task.
    """
    names = {name for outcomes in trials.outcomes.values() for outcome in outcomes for name in outcome.metrics}
    matches = {name: match for name in names if (match := fullmatch(GATE_MEAN, name))}
    chosen = [name for name, match in matches.items() if match["role"] in ROLES and f"{name[:-4]}left" in names]
    return sorted(chosen, key=lambda name: (int(matches[name]["layer"]), ROLES.index(matches[name]["role"]), name))


def gate_rows(trials: TaskTrials) -> list[GateRow]:
    """Return the rows, by cell, layer and role.

    Args:
        trials: the trials of the task, with the means of their gates in each epoch.
    """
    names = metric_names(trials)
    several = len({name.split("/")[1] for name in names}) > 1
    rows = []
    for cell, outcomes in trials.outcomes.items():
        for name in names:
            curves = [curve for one in outcomes if (curve := trials.curves.get(name, {}).get(one.digest))]
            if curves:
                _, layer, role, letter, _ = name.split("/")
                gate = f"{role} {letter.replace('-', ' − ')}" + (f", layer {layer[1:]}" if several else "")
                rows.append(GateRow(cell, gate, _means(curves)))
    return rows


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task, with the means of their gates in each epoch.

    Raises:
        NothingToDrawError: no trial has a gate whose values lie in [0, 1].
    """
    rows = gate_rows(trials)
    if not rows:
        raise trials.lacking("the means of a gate with values in [0, 1] in its epochs")
    epochs = max(len(row.means) for row in rows)
    values = np.full((len(rows), epochs), np.nan)
    for place, row in enumerate(rows):
        values[place, : len(row.means)] = row.means
    drawing = new_drawing(COLUMN, 1.1 + 0.15 * len(rows))
    (axes,) = drawing.axes
    image = axes.imshow(values, cmap="cividis", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_yticks(range(len(rows)), [_row_label(rows, place) for place in range(len(rows))], fontsize=6.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
    axes.set_xlabel("epoch")
    axes.grid(visible=False)
    for place in range(1, len(rows)):
        if rows[place].cell != rows[place - 1].cell:
            axes.axhline(place - 0.5, color="white", linewidth=2.0)
    drawing.figure.colorbar(image, ax=axes, label="mean of the gate (validation)", location="bottom", aspect=30)
    drawing.caption(f"{trials.caption}\nmean over units, steps and trials")
    return drawing


def _means(curves: Sequence[Sequence[float]]) -> Array:
    """Return the mean over the trials in each epoch; NaN if fewer than half of them have a value."""
    means = []
    for epoch in range(max(map(len, curves))):
        values = [curve[epoch] for curve in curves if epoch < len(curve) and not isnan(curve[epoch])]
        means.append(float(np.mean(values)) if len(values) >= ceil(len(curves) / 2) else np.nan)
    return np.array(means)


def _row_label(rows: Sequence[GateRow], place: int) -> str:
    """Return the label of a row: the cell is named in its first row only."""
    row = rows[place]
    is_first = place == 0 or rows[place - 1].cell != row.cell
    return f"{shortened(row.cell)}   {row.label}" if is_first else row.label
