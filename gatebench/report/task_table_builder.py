"""The construction of a task's table from its arms."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from gatebench.measures.best_set import best
from gatebench.measures.comparisons import ArmScores, Comparison, compare
from gatebench.measures.estimates import Estimate, estimate
from gatebench.measures.power import seeds_needed
from gatebench.report.arms import Arm, CellKey
from gatebench.report.gate_columns import chosen_roles, gate_metric_names, role_note, role_text, role_title
from gatebench.report.number_format import (
    MISSING,
    NumberFormat,
    count_text,
    number_format,
    one_line,
    p_text,
    score_title,
    seconds_text,
)
from gatebench.report.task_table import Column, RecordValue, TableRow, TaskTable
from gatebench.task import Metric


@dataclass(frozen=True)
class _TaskStatistics:
    """What all rows of a task need: the metric, the comparisons with the baseline, the best cells, the roles."""

    task: str
    metric: Metric
    number_format: NumberFormat
    baseline: CellKey
    comparisons: Mapping[CellKey, Comparison]
    best: set[CellKey]
    roles: Mapping[str, str]  # the title of the column of each role
    chance: float | None


def build_task_table(
    task: str, metric: Metric, arms: Sequence[Arm], baseline: CellKey, chance: float | None
) -> TaskTable:
    """Return the table of one task.

    Args:
        task: the label of the task.
        metric: the headline metric.
        arms: the cells, in the order of the rows.
        baseline: the key of the arm that the others are compared with.
        chance: the headline metric of a blind guess; None: no row for it.

    Raises:
        UserError: the trials of an arm have different networks.
    """
    statistics = _statistics(task, metric, arms, baseline, chance)
    footnotes = list(dict.fromkeys(arm.missing_note() for arm in arms if arm.missing))
    labels = Counter(arm.label for arm in arms)
    rows = []
    for arm in arms:
        label = one_line(arm.label if labels[arm.label] == 1 else f"{arm.label} ({arm.cell_digest[:8]})")
        footnote = footnotes.index(arm.missing_note()) + 1 if arm.missing else None
        is_best = arm.key in statistics.best
        rows.append(TableRow(_texts(arm, label, statistics), _record(arm, statistics), is_best, footnote))
    columns = _columns(statistics)
    rows += _rows_without_cells(arms, statistics, len(columns))
    return TaskTable(one_line(task), columns, tuple(rows), tuple(footnotes), _notes(arms, statistics))


def _statistics(
    task: str, metric: Metric, arms: Sequence[Arm], baseline: CellKey, chance: float | None
) -> _TaskStatistics:
    scored = {arm.key: ArmScores(arm.scores) for arm in arms if arm.n}
    complete = {arm.key: ArmScores(arm.scores) for arm in arms if not arm.missing}
    return _TaskStatistics(
        task,
        metric,
        number_format(metric, [score for arm in scored.values() for score in arm.values()]),
        baseline,
        compare(scored, baseline, metric.direction) if baseline in scored else {},
        best(complete, metric.direction) if len(complete) > 1 else set(),
        {role: role_title(arms, role) for role in chosen_roles(arms)},
        chance,
    )


def _rows_without_cells(arms: Sequence[Arm], statistics: _TaskStatistics, columns: int) -> list[TableRow]:
    """Return the rows of chance and of the simple methods, which have only a score."""
    scores = {} if statistics.chance is None else {"chance": statistics.chance}
    for arm in arms:
        scores |= arm.simple_methods()
    empty = [MISSING] * (columns - 2)
    return [
        TableRow((one_line(name), statistics.number_format.number(score), *empty), {}) for name, score in scores.items()
    ]


def _columns(statistics: _TaskStatistics) -> tuple[Column, ...]:
    score = score_title(statistics.metric, statistics.number_format.unit)
    numeric = (score, "n", "difference", "p (Holm)", "parameters", "seconds", *statistics.roles.values())
    return (Column("cell", numeric=False), *map(Column, numeric))


def _texts(arm: Arm, label: str, statistics: _TaskStatistics) -> tuple[str, ...]:
    comparison = statistics.comparisons.get(arm.key)
    if comparison is not None and comparison.difference is not None:
        difference = statistics.number_format.difference(comparison.difference, arm.n)
    else:
        difference = "baseline" if arm.key == statistics.baseline else MISSING
    return (
        label,
        statistics.number_format.estimate(estimate(list(arm.scores.values()))) if arm.n else MISSING,
        str(arm.n),
        difference,
        p_text(comparison) if comparison else MISSING,
        count_text(arm.parameters()),
        seconds_text(arm.median("seconds")),
        *(role_text(arm, role) for role in statistics.roles),
    )


def _record(arm: Arm, statistics: _TaskStatistics) -> dict[str, RecordValue]:
    """Return a row's values, unrounded, in the metric's own unit. A value that was not measured is None."""
    comparison = statistics.comparisons.get(arm.key)
    difference = _estimate_values(comparison.difference if comparison else None)
    return {
        "task": statistics.task,
        "cell": arm.label,
        "cell_digest": arm.cell_digest,
        "metric": statistics.metric.name,
        "direction": statistics.metric.direction,
        "unit": statistics.metric.unit,
        **_estimate_values(estimate(list(arm.scores.values())) if arm.n else None),
        "seeds": arm.n + len(arm.missing),
        "best": arm.key in statistics.best,
        "baseline": statistics.baseline[0],
        **{f"difference_{name}": value for name, value in difference.items()},
        "p": comparison.p if comparison else None,
        "p_holm": comparison.p_corrected if comparison else None,
        "attainable": comparison.attainable if comparison else None,
        "chance": statistics.chance,
        "parameters": arm.parameters(),
        "seconds": arm.median("seconds"),
        "footnote": arm.missing_note(),
        **{name: fmean(values) for name in gate_metric_names([arm]) if (values := arm.values(name))},
    }


def _estimate_values(estimate: Estimate | None) -> dict[str, RecordValue]:
    if estimate is None:
        return {"mean": None, "half_width": None, "low": None, "high": None, "n": 0}
    return {
        "mean": estimate.mean,
        "half_width": estimate.half_width,
        "low": estimate.low,
        "high": estimate.high,
        "n": estimate.n,
    }


def _notes(arms: Sequence[Arm], statistics: _TaskStatistics) -> tuple[str, ...]:
    label, m = one_line(statistics.baseline[0]), len(statistics.comparisons)
    notes = []
    if m:
        notes.append(
            f"Difference: from {label}. p: the larger of an exact permutation test and Welch's t test, "
            f"Holm-corrected over {m} comparison{'s' if m > 1 else ''}."
        )
    else:
        notes.append(f"No differences: no other cell and no baseline {label} with scores on this task.")
    if not all(comparison.attainable for comparison in statistics.comparisons.values()):
        notes.append(
            "n too small: with so few seeds no p of 0.05 could be reached, whatever the difference; "
            f"{m} comparison{'s need' if m > 1 else ' needs'} {seeds_needed(m)} seeds."
        )
    if len(arms) > 1 and not statistics.best:
        notes.append("Nothing is marked as best: fewer than two cells have a score for every seed.")
    if statistics.roles:
        notes.append(role_note(list(statistics.roles.values())))
    return tuple(notes)
