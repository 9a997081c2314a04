"""The ablation table as plain data: the scores of all cells on each task, and their differences from the baseline."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.arms import CellKey, arms_of
from gatebench.report.number_format import one_line
from gatebench.report.task_table import TaskTable
from gatebench.report.task_table_builder import build_task_table
from gatebench.task import Metric


@dataclass(frozen=True)
class AblationTable:
    """An ablation table.

    Attributes:
        title: the title.
        task_tables: one table for each task.
        bold: the meaning of bold scores; "" if there are none.
        notes: the notes that hold for all tasks.
    """

    title: str
    task_tables: tuple[TaskTable, ...]
    bold: str
    notes: tuple[str, ...]


BOLD = (
    "the best, and all that cannot be told from it: the 95 % interval of their paired difference contains 0, or there "
    "is one seed and no interval. Cells that lack a seed take no part."
)
NOTES = (
    "Score: mean on the test set over n seeds, ± half of its 95 % Student-t interval (one seed has none).",
    "Seconds: median wall time of a trial.",
)


def ablation_table(
    outcomes: Sequence[Outcome],
    *,
    baseline: str | None = None,
    order: Sequence[str] = (),
    title: str = "Gate ablation",
) -> AblationTable:
    """Return the table of one experiment's outcomes: one table for each task, one row for each cell.

    A cell is its label and the digest of its equations. The headline metric of a task and the score of a blind guess
    are those of its outcomes. Below the cells are rows with chance and with the simple methods that the task measured.

    Args:
        outcomes: the outcomes, oldest first.
        baseline: the label or the digest of the cell that the others are compared with; None: the first cell.
        order: the labels of the first rows. Other cells follow in the order of the outcomes.
        title: the title.

    Raises:
        UserError: there are no outcomes, the baseline is unknown or ambiguous, the outcomes are not of one experiment,
            or no outcome of a task contains its metric.
    """
    if not outcomes:
        raise UserError("There are no finished trials to make a table of; run the experiment first.")
    ranks = {label: rank for rank, label in enumerate(order)}
    ordered = sorted(outcomes, key=lambda outcome: ranks.get(outcome.cell, len(ranks)))
    baseline_key = _baseline_key(ordered, baseline)
    cells = list(dict.fromkeys([*order, *(outcome.cell for outcome in ordered)]))
    task_tables = []
    for task in dict.fromkeys(outcome.task for outcome in outcomes):
        metric, chance = _metric_and_chance(task, [outcome for outcome in outcomes if outcome.task == task])
        arms = arms_of([outcome for outcome in ordered if outcome.task == task], f"test/{metric.name}")
        task_table = build_task_table(task, metric, arms, baseline_key, chance)
        labels = {arm.label for arm in arms}
        task_tables.append(_with_absent(task_table, [cell for cell in cells if cell not in labels]))
    common = [note for note in task_tables[0].notes if all(note in table.notes for table in task_tables)]
    own = (replace(table, notes=tuple(note for note in table.notes if note not in common)) for table in task_tables)
    bold = BOLD if any(row.bold for table in task_tables for row in table.rows) else ""
    return AblationTable(one_line(title), tuple(own), bold, (*NOTES, *common))


def _metric_and_chance(task: str, outcomes: Sequence[Outcome]) -> tuple[Metric, float | None]:
    """Return the headline metric of a task and its chance level, those of the newest outcome that contains them."""
    metrics = list(dict.fromkeys(outcome.metric for outcome in outcomes if outcome.metric is not None))
    if not metrics:
        raise UserError(
            f"The records of the task {task!r} were made by an earlier version and do not contain its metric; "
            "choose the trials with task=… or experiment=…."
        )
    if len(metrics) > 1:
        raise UserError(
            f"The trials of the task {task!r} have different headline metrics "
            f"({', '.join(metric.name for metric in metrics)}); a table takes the trials of one experiment."
        )
    chances = [outcome.chance for outcome in outcomes if outcome.chance is not None]
    return metrics[0], chances[-1] if chances else None


def _with_absent(task_table: TaskTable, cells: Sequence[str]) -> TaskTable:
    """Return the table with a note on the cells that have no trial on the task."""
    note = f"Cells without a trial: {', '.join(map(one_line, cells))}."
    return replace(task_table, notes=(*task_table.notes, note)) if cells else task_table


def _baseline_key(outcomes: Sequence[Outcome], baseline: str | None) -> CellKey:
    keys = list(dict.fromkeys((outcome.cell, outcome.cell_digest) for outcome in outcomes))
    matches = [key for key in keys if baseline is None or baseline in key]
    if not matches:
        raise unknown("baseline cell", baseline, [label for label, _ in keys])
    if baseline is not None and len(matches) > 1:
        raise UserError(
            f"The baseline {baseline!r} could be any of {len(matches)} cells: {', '.join(map(' '.join, matches))}."
        )
    return matches[0]
