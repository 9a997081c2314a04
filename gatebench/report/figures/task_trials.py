"""The trials of one task as the figures of a study need them. This module does not import matplotlib."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite
from re import fullmatch

from gatebench.errors import UserError
from gatebench.measures.gate_file import GateFile
from gatebench.outcome import Outcome
from gatebench.report.arms import is_score
from gatebench.task import Metric

MOST_CELLS = 40
"""The largest number of cells in a figure; further cells are left out."""

KEEP_MEAN = r"gate/(l\d+)/keep/[^/]+/(?:mean|fixed)"
"""The names of the means, and of the fixed values, of gates that keep."""

GATE_MEAN = r"gate/l(?P<layer>\d+)/(?P<role>[a-z]+)/(?P<letter>[^/]+)/mean"
"""The names of the means of gates, by layer, role and letter."""

Curves = Mapping[str, Mapping[str, Sequence[float]]]
"""{name of a metric: {digest of a trial: its value in each epoch}}."""


class NothingToDrawError(UserError):
    """The trials of a task do not have the data of a figure; the message says which."""


@dataclass(frozen=True)
class TaskTrials:
    """The trials of one task.

    Attributes:
        task: the label of the task.
        metric: its headline metric.
        outcomes: the finished trials with a validation score, by cell, in the order of the cells.
        colours: {label of a cell: colour}.
        left_out: the other trials by cell, and by the reason for which no figure shows them: their status, or "without
            a score".
        further_cells: the number of cells that are left out because there are more than `MOST_CELLS`.
        curves: the values of metrics in each epoch.
        gates: {digest of a trial: its gate arrays}.
        search: {key: text of its distribution} of the settings that a search has drawn.
    """

    task: str
    metric: Metric
    outcomes: Mapping[str, Sequence[Outcome]]
    colours: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    further_cells: int = 0
    curves: Curves = field(default_factory=dict)
    gates: Mapping[str, GateFile] = field(default_factory=dict)
    search: Mapping[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> list[str]:
        """The labels of the cells, in their order."""
        return list(self.outcomes)

    @property
    def validation(self) -> str:
        """The name of the validation score at the best epoch."""
        return f"best/val/{self.metric.name}"

    @property
    def test(self) -> str:
        """The name of the test score."""
        return f"test/{self.metric.name}"

    @property
    def score_label(self) -> str:
        """The headline metric on an axis: its name, its unit, and an arrow in the direction of better scores."""
        arrow = "↑" if self.metric.direction == "max" else "↓"
        return f"{self.metric.name}{f' ({self.metric.unit})' if self.metric.unit else ''} {arrow}"

    @property
    def caption(self) -> str:
        """The task, the number of trials in the figure, and the number of those that no figure shows, by reason."""
        count = sum(map(len, self.outcomes.values()))
        trials = "1 trial" if count == 1 else f"{count:,} trials"
        missing: Counter[str] = Counter()
        for reasons in self.left_out.values():
            missing.update(reasons)
        parts = [f"{number:,} {reason}" for reason, number in missing.items()]
        if self.further_cells:
            parts.append(f"{self.further_cells} further cells")
        return f"{self.task} · {trials}" + (f" · not shown: {', '.join(parts)}" if parts else "")

    @cached_property
    def keep_layers(self) -> list[str]:
        """The layers with a gate that keeps, for example ["l0", "l1"]."""
        names = {name for outcomes in self.outcomes.values() for outcome in outcomes for name in outcome.metrics}
        layers = {match[1] for name in names if (match := fullmatch(KEEP_MEAN, name))}
        return sorted(layers, key=lambda layer: int(layer[1:]))

    def values(self, cell: str, *names: str) -> list[tuple[float, ...]]:
        """Return the values of some metrics of the cell's trials, without the trials that lack one of them."""
        rows = [tuple(value(outcome, name) for name in names) for outcome in self.outcomes[cell]]
        return [row for row in rows if all(map(isfinite, row))]

    def lacking(self, thing: str) -> NothingToDrawError:
        """Return the error for a figure without data.

        Args:
            thing: the thing that the trials do not have, for example "gate arrays (gates.npz)".
        """
        return NothingToDrawError(f"No trial of {self.task} that is shown has {thing}.")


def value(outcome: Outcome, name: str) -> float:
    """Return a metric of an outcome; NaN if it has none.

    The name "keep/l0" is the mean of the gate that keeps in layer 0, or its value if it is fixed. Its letter differs
    between cells.
    """
    if not name.startswith("keep/"):
        return outcome.metrics.get(name, float("nan"))
    keeps = (m for key, m in outcome.metrics.items() if (match := fullmatch(KEEP_MEAN, key)) and match[1] == name[5:])
    return next(keeps, float("nan"))


def trials_by_task(
    outcomes: Sequence[Outcome],
    order: Iterable[str],
    colours: Mapping[str, str],
    curves: Curves | None = None,
    gates: Mapping[str, GateFile] | None = None,
    search: Mapping[str, str] | None = None,
) -> list[TaskTrials]:
    """Return the trials of each task that has a finished trial with a validation score.

    Several outcomes of one trial count once: the first finished one, else the newest.

    Args:
        outcomes: the outcomes of the study, oldest first.
        order: the labels of the cells that come first.
        colours: {label of a cell: colour}.
        curves: the values of metrics in each epoch.
        gates: {digest of a trial: its gate arrays}.
        search: {key: text of its distribution} of the settings that a search has drawn.
    """
    ranks = list(order)
    found = []
    for task in dict.fromkeys(outcome.task for outcome in outcomes):
        own = _distinct(outcome for outcome in outcomes if outcome.task == task)
        metric = next((outcome.metric for outcome in reversed(own) if outcome.metric is not None), None)
        if metric is None:
            continue
        shown, left_out = _divided(own, f"best/val/{metric.name}")
        cells = [cell for cell in dict.fromkeys([*ranks, *(one.cell for one in own)]) if cell in shown]
        if cells:
            chosen = {cell: shown[cell] for cell in cells[:MOST_CELLS]}
            further = max(len(cells) - MOST_CELLS, 0)
            data = (curves or {}, gates or {}, search or {})
            found.append(TaskTrials(task, metric, chosen, colours, left_out, further, *data))
    return found


def _distinct(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return one outcome for each trial of a cell: the first finished one, else the newest.

    A trial may belong to several named arms.
    """
    chosen: dict[tuple[str, str], Outcome] = {}
    for outcome in outcomes:
        key = outcome.digest, outcome.cell
        if chosen.setdefault(key, outcome).status != "finished":
            chosen[key] = outcome
    return list(chosen.values())


def _divided(outcomes: Iterable[Outcome], score: str) -> tuple[dict[str, list[Outcome]], dict[str, Counter[str]]]:
    """Return the finished trials with a score by cell, and the numbers of the others by cell and reason."""
    shown: dict[str, list[Outcome]] = {}
    left_out: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        if outcome.status == "finished" and is_score(value(outcome, score)):
            shown.setdefault(outcome.cell, []).append(outcome)
        else:
            reason = "without a score" if outcome.status == "finished" else outcome.status
            left_out.setdefault(outcome.cell, Counter())[reason] += 1
    return shown, left_out
