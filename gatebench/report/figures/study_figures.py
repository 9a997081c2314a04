"""The figures of a study, one set for each task.

scores      the validation and the test score of each trial, in a row for each cell
curves      the validation score over the epochs: the median over the seeds, and a band from the least to the greatest
size        the validation score against the number of parameters
gates       the validation score against the mean of the gate that keeps, for each layer
parallel coordinates: all trials, with axes for size, gates, time and score

All axes with scores show the validation split, except the one of "scores" that is titled "test".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from re import fullmatch
from statistics import median

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gatebench.outcome import Outcome
from gatebench.report.figures.style import GREY, CellStyle, Drawing, cell_styles, drawing
from gatebench.report.figures.svg_panel import number
from gatebench.task import Metric

MOST_CELLS = 40
"""The largest number of cells in a figure; further cells are left out."""

MOST_LAYERS = 3
"""The largest number of layers in the figure of the gates."""

_KEEP_MEAN = r"gate/(l\d+)/keep/[^/]+/(?:mean|fixed)"
_WIDTH = 8.6


@dataclass(frozen=True)
class TaskTrials:
    """The finished trials of one task.

    Attributes:
        task: the label of the task.
        metric: its headline metric.
        outcomes: the outcomes by cell, in the order of the cells.
        styles: the looks of the cells.
        curves: {digest of a trial: its validation score in each epoch}.
    """

    task: str
    metric: Metric
    outcomes: Mapping[str, Sequence[Outcome]]
    styles: Mapping[str, CellStyle]
    curves: Mapping[str, Sequence[float]]

    @property
    def validation(self) -> str:
        """The name of the validation score at the best epoch."""
        return f"best/val/{self.metric.name}"

    def values(self, cell: str, *names: str) -> list[tuple[float, ...]]:
        """Return the values of some metrics of the cell's trials, without the trials that lack one of them."""
        rows = [tuple(value(outcome, name) for name in names) for outcome in self.outcomes[cell]]
        return [row for row in rows if all(map(isfinite, row))]


def value(outcome: Outcome, name: str) -> float:
    """Return a metric of an outcome; NaN if it has none.

    The name "keep/l0" is the mean of the gate that keeps in layer 0, or its value if it is fixed. Its letter differs
    between cells.
    """
    if not name.startswith("keep/"):
        return outcome.metrics.get(name, float("nan"))
    keeps = (m for key, m in outcome.metrics.items() if (match := fullmatch(_KEEP_MEAN, key)) and match[1] == name[5:])
    return next(keeps, float("nan"))


def study_figures(
    outcomes: Sequence[Outcome],
    order: Sequence[str],
    colours: Mapping[str, str],
    curves: Mapping[str, Sequence[float]],
) -> dict[str, bytes]:
    """Return the figures of a study as SVG: {"digits: scores": b"<?xml …"}. A figure without data is left out.

    Args:
        outcomes: the outcomes of the study.
        order: the labels of the cells that come first.
        colours: {label of a cell: colour}.
        curves: {digest of a trial: its validation score in each epoch}.
    """
    figures: dict[str, bytes] = {}
    for task in dict.fromkeys(outcome.task for outcome in outcomes):
        trials = _task_trials(task, outcomes, order, colours, curves)
        if trials is None:
            continue
        drawn = {
            "scores": _scores(trials),
            "curves": _curves(trials),
            "size": _against(trials, ["parameters"]),
            "gates": _against(trials, _keep_means(trials)),
            "parallel coordinates": _coordinates(trials),
        }
        figures |= {f"{task}: {name}": content for name, content in drawn.items() if content is not None}
    return figures


def _task_trials(
    task: str,
    outcomes: Sequence[Outcome],
    order: Sequence[str],
    colours: Mapping[str, str],
    curves: Mapping[str, Sequence[float]],
) -> TaskTrials | None:
    """Return the trials of a task that have a validation score; None if there are none."""
    metric = next((o.metric for o in reversed(outcomes) if o.task == task and o.metric is not None), None)
    if metric is None:
        return None
    score = f"best/val/{metric.name}"
    # Of several outcomes of one trial the newest counts.
    newest = {o.digest: o for o in outcomes if o.task == task and isfinite(o.metrics.get(score, float("nan")))}
    present = {outcome.cell for outcome in newest.values()}
    cells = [cell for cell in dict.fromkeys([*order, *(o.cell for o in newest.values())]) if cell in present]
    by_cell = {cell: [o for o in newest.values() if o.cell == cell] for cell in cells[:MOST_CELLS]}
    return TaskTrials(task, metric, by_cell, cell_styles(cells, colours), curves) if by_cell else None


def _scores(trials: TaskTrials) -> bytes:
    """Return the strip chart: a mark for each trial, a line at the mean of each cell."""
    cells = list(trials.outcomes)
    splits = {"validation, best epoch": trials.validation, "test, best weights": f"test/{trials.metric.name}"}
    with drawing(_WIDTH, 1.2 + 0.34 * len(cells), 2, sharey=True) as figure:
        for axes, (title, name) in zip(figure.axes, splits.items(), strict=True):
            for row, cell in enumerate(cells):
                values = [value for (value,) in trials.values(cell, name)]
                _strip(axes, values, row, trials.styles[cell])
            axes.set_title(title)
            axes.set_xlabel(_label(trials.metric))
            axes.set_yticks(range(len(cells)), cells)
            axes.set_ylim(len(cells) - 0.4, -0.6)
            axes.grid(axis="y", visible=False)
        _mark_chance(figure, trials)
        return figure.svg()


def _strip(axes: Axes, values: Sequence[float], row: int, style: CellStyle) -> None:
    """Draw the values of a cell in a row, spread over its height so that equal ones can be counted."""
    if values:
        offsets = [0.0] if len(values) == 1 else [-0.18 + 0.36 * i / (len(values) - 1) for i in range(len(values))]
        heights = [row + offset for offset in offsets]
        axes.scatter(values, heights, s=22, marker=style.mark, color=style.colour, alpha=0.85, linewidths=0)
        mean = sum(values) / len(values)
        axes.plot([mean, mean], [row - 0.32, row + 0.32], color="#111827", linewidth=1.6)


def _mark_chance(figure: Drawing, trials: TaskTrials) -> None:
    """Draw a dotted line at the score of a blind guess, unless it would make the axes more than twice as wide."""
    chances = {outcome.chance for outcomes in trials.outcomes.values() for outcome in outcomes}
    for axes in figure.axes:
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
                    fontsize=8,
                    color=GREY,
                    rotation=90,
                )


def _curves(trials: TaskTrials) -> bytes | None:
    """Return the median curve of each cell, and its band; None if no trial has a curve."""
    with drawing(_WIDTH, 3.6) as figure:
        (axes,) = figure.axes
        for cell, outcomes in trials.outcomes.items():
            curves = [trials.curves[o.digest] for o in outcomes if trials.curves.get(o.digest)]
            _band(axes, curves, cell, trials.styles[cell])
        if not axes.lines:
            return None
        axes.set_title("validation over the epochs: median and range over the seeds")
        axes.set_xlabel("epoch")
        axes.set_ylabel(_label(trials.metric))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.figure.legend(loc="outside right upper")
        return figure.svg()


def _band(axes: Axes, curves: Sequence[Sequence[float]], cell: str, style: CellStyle) -> None:
    """Draw the median and the range. Trials that stopped early count in the epochs that they had."""
    by_epoch = [
        [curve[epoch] for curve in curves if epoch < len(curve) and isfinite(curve[epoch])]
        for epoch in range(max(map(len, curves), default=0))
    ]
    epochs = [epoch for epoch, values in enumerate(by_epoch) if values]
    if epochs:
        medians = [median(by_epoch[epoch]) for epoch in epochs]
        axes.plot(epochs, medians, color=style.colour, linestyle=style.dashes, label=cell, linewidth=1.8)
        lows, highs = ([f(by_epoch[epoch]) for epoch in epochs] for f in (min, max))
        axes.fill_between(epochs, lows, highs, color=style.colour, alpha=0.15, linewidth=0)


def _keep_means(trials: TaskTrials) -> list[str]:
    names = {name for outcomes in trials.outcomes.values() for outcome in outcomes for name in outcome.metrics}
    layers = {match[1] for name in names if (match := fullmatch(_KEEP_MEAN, name))}
    return [f"keep/{layer}" for layer in sorted(layers, key=lambda layer: int(layer[1:]))[:MOST_LAYERS]]


def _against(trials: TaskTrials, names: Sequence[str]) -> bytes | None:
    """Return the validation score against each of some metrics; None if no trial has one of them."""
    used = [name for name in names if any(trials.values(cell, name) for cell in trials.outcomes)]
    if not used:
        return None
    with drawing(_WIDTH, 3.6, len(used), sharey=True) as figure:
        for axes, name in zip(figure.axes, used, strict=True):
            for cell, style in trials.styles.items():
                points = trials.values(cell, name, trials.validation) if cell in trials.outcomes else []
                if points:
                    x, y = zip(*points, strict=True)
                    axes.scatter(
                        x, y, s=28, marker=style.mark, color=style.colour, alpha=0.85, linewidths=0, label=cell
                    )
            axes.set_xlabel(_axis_name(name))
        figure.axes[0].set_ylabel(f"validation {_label(trials.metric)}")
        handles = {label: h for axes in figure.axes for h, label in zip(*axes.get_legend_handles_labels(), strict=True)}
        figure.figure.legend(handles.values(), handles.keys(), loc="outside right upper")
        return figure.svg()


def _coordinates(trials: TaskTrials) -> bytes | None:
    """Return the parallel coordinates: a line for each trial, an axis for each metric; None with fewer than 3 axes."""
    names = ["parameters", "flops/step", *_keep_means(trials)[:1], "seconds", trials.validation]
    values = {name: [row[0] for cell in trials.outcomes for row in trials.values(cell, name)] for name in names}
    ranges = {name: (min(some), max(some)) for name, some in values.items() if some}
    if len(ranges) < 3:
        return None
    with drawing(_WIDTH, 3.4) as figure:
        (axes,) = figure.axes
        for cell, some in trials.outcomes.items():
            style = trials.styles[cell]
            for index, outcome in enumerate(some):
                heights = [_height(value(outcome, name), *ranges[name]) for name in ranges]
                label = cell if index == 0 else None
                axes.plot(heights, color=style.colour, linestyle=style.dashes, linewidth=1.1, alpha=0.8, label=label)
        _coordinate_axes(axes, ranges, trials)
        figure.figure.legend(loc="outside right upper")
        return figure.svg()


def _coordinate_axes(axes: Axes, ranges: Mapping[str, tuple[float, float]], trials: TaskTrials) -> None:
    axes.set_xticks(range(len(ranges)), [_axis_name(name) for name in ranges])
    axes.set_yticks([])
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    for position, (low, high) in enumerate(ranges.values()):
        axes.axvline(position, color="#9ca3af", linewidth=0.9)
        for height, extreme in ((0.0, low), (1.0, high)):
            if height == 0.0 or high > low:
                axes.annotate(
                    number(extreme),
                    (position, height),
                    fontsize=8,
                    ha="left",
                    xytext=(3, 2 - 11 * (height == 0)),
                    textcoords="offset points",
                    color="#374151",
                )
    axes.set_title(f"a line for each trial; right axis: validation {trials.metric.name}")


def _height(x: float, low: float, high: float) -> float:
    return (x - low) / (high - low) if high > low else 0.0 * x


def _axis_name(name: str) -> str:
    """Return the name of a metric on an axis."""
    if name.startswith("keep/"):
        return f"mean of the gate that\nkeeps, layer {name[6:]}"
    return {"flops/step": "FLOPs\na step", "seconds": "seconds"}.get(
        name, name.removeprefix("best/").replace("/", "\n")
    )


def _label(metric: Metric) -> str:
    arrow = "↑" if metric.direction == "max" else "↓"
    return f"{metric.name}{f' ({metric.unit})' if metric.unit else ''} {arrow}"
