"""The share of the variance of the validation score that each drawn setting explains (Greff et al. 2017, Figure 4).

A bar is a cell. Its parts are the settings, and the rest are interactions of several settings, by functional ANOVA; see
`gatebench.search.importance`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Patch

from gatebench.colours import PALETTE
from gatebench.errors import UserError
from gatebench.report.figures.style import COLUMN, INK, PALE, Drawing, new_drawing, shortened
from gatebench.report.figures.task_trials import NothingToDrawError, TaskTrials, value
from gatebench.search.importance import variance_shares

FEWEST = 10
"""The smallest number of trials of a cell with a bar. Fewer trials say nothing about several settings."""

INTERACTIONS = "interactions"

_HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo")
_LEAST_WRITTEN = 0.08  # of the bar: the number does not fit into a smaller share

Shares = Mapping[str, float]
"""{setting: share of the variance, from 0 to 1}"""


def shares(trials: TaskTrials) -> dict[str, Shares]:
    """Return the shares of each cell with at least `FEWEST` trials, without the interactions.

    Args:
        trials: the trials of the task.

    Raises:
        UserError: Optuna is not installed.
    """
    found = {}
    for cell, outcomes in trials.outcomes.items():
        if len(outcomes) >= FEWEST:
            scores = [value(one, trials.validation) for one in outcomes]
            found[cell] = variance_shares(trials.search, [one.settings for one in outcomes], scores)
    return {cell: own for cell, own in found.items() if own}


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Return {key: name in the legend}: the last part of the key, or the whole key if two end in the same way."""
    ends = Counter(key.rpartition(".")[2] for key in keys)
    parts = {key: key.rpartition(".")[2] for key in keys}
    return {key: (end if ends[end] == 1 else key).replace("_", " ") for key, end in parts.items()}


def figure(trials: TaskTrials) -> Drawing:
    """Return the figure.

    Args:
        trials: the trials of the task.

    Raises:
        NothingToDrawError: no settings were drawn, no cell has enough trials, or Optuna is not installed.
    """
    if not trials.search:
        raise NothingToDrawError(f"The study of {trials.task} has no settings that a search has drawn.")
    try:
        found = shares(trials)
    except UserError as error:
        raise NothingToDrawError(str(error)) from None
    if not found:
        raise trials.lacking(f"at least {FEWEST} finished trials of its cell with different settings and scores")
    keys = [key for key in trials.search if any(key in own for own in found.values())]
    drawing = new_drawing(COLUMN, 0.9 + 0.26 * len(found))
    (axes,) = drawing.axes
    rows = range(len(found))
    left = [0.0] * len(found)
    looks = {key: (PALETTE[i % len(PALETTE)], _HATCHES[i % len(_HATCHES)]) for i, key in enumerate(keys)}
    for key, (colour, hatch) in looks.items():
        widths = [own.get(key, 0.0) for own in found.values()]
        axes.barh(rows, widths, 0.7, left, color=colour, edgecolor="white", hatch=hatch, linewidth=0.5)
        _write(axes, left, widths)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    rest = [max(1.0 - end, 0.0) for end in left]
    axes.barh(rows, rest, 0.7, left, color="white", edgecolor=PALE, linewidth=0.6)
    _write(axes, left, rest)
    axes.set_yticks(rows, [shortened(cell) for cell in found])
    axes.invert_yaxis()
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25", "50", "75", "100"])
    axes.set_xlabel(f"share of the variance of the validation {trials.metric.name} (%)")
    axes.grid(visible=False, axis="y")
    names = short_names(keys)
    patches = [
        Patch(facecolor=colour, edgecolor="white", hatch=hatch, label=names[key])
        for key, (colour, hatch) in looks.items()
    ]
    drawing.legend_of([*patches, Patch(facecolor="white", edgecolor=PALE, label=INTERACTIONS)])
    drawing.caption(f"{trials.caption}\nfunctional ANOVA of the drawn settings{_without(trials, found)}")
    return drawing


def _write(axes: Axes, left: Sequence[float], widths: Sequence[float]) -> None:
    """Write the shares into one part of each bar, in percent. It does not fit into small parts."""
    box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    for row, (start, width) in enumerate(zip(left, widths, strict=True)):
        if width >= _LEAST_WRITTEN:
            text, middle = f"{100 * width:.0f}", start + width / 2
            axes.text(middle, row, text, ha="center", va="center", fontsize=6.5, color=INK, bbox=box)


def _without(trials: TaskTrials, found: Mapping[str, Shares]) -> str:
    """Return a text about the cells that have no bar."""
    missing = len(trials.cells) - len(found)
    cells = "1 cell" if missing == 1 else f"{missing} cells"
    return f" · without a bar, because of fewer than {FEWEST} trials or equal scores: {cells}" if missing else ""
