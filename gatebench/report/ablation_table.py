"""The ablation table as plain data: what a cell's gates are worth on each task, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.arms import Key, arms_of
from gatebench.report.number_format import one_line
from gatebench.report.task_table import TaskTable, build_task_table
from gatebench.task import Metric


@dataclass(frozen=True)
class AblationTable:
    """An ablation table: one block a task; what bold means ("" if nothing is), and notes that hold for all blocks."""

    title: str
    blocks: tuple[TaskTable, ...]
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
    metrics: Mapping[str, Metric],
    *,
    baseline: str | None = None,
    order: Sequence[str] = (),
    chance: Mapping[str, float] | None = None,
    title: str = "Gate ablation",
) -> AblationTable:
    """Return the table of one experiment's outcomes, one block a task, one row a cell (label and equations).

    metrics: the headline metric of each task. baseline: label (or digest of the equations) of the cell that the others
    are compared with; the first one if not given. order: labels that come first, the others follow as first seen.
    chance: {task: score of a blind guess}, shown below the cells, above the simple methods that the task measured.

    Raises:
        UserError: there is no trial, the baseline is unknown or ambiguous, or the trials are not of one experiment.
    """
    if not outcomes:
        raise UserError("There are no finished trials to make a table of; run the experiment first.")
    ranks = {label: rank for rank, label in enumerate(order)}
    ordered = sorted(outcomes, key=lambda outcome: ranks.get(outcome.cell, len(ranks)))
    reference = _baseline(ordered, baseline)
    cells = list(dict.fromkeys([*order, *(outcome.cell for outcome in ordered)]))
    blocks = []
    for task in dict.fromkeys(outcome.task for outcome in outcomes):
        if task not in metrics:
            raise unknown("metric for task", task, metrics)
        metric = metrics[task]
        arms = arms_of([outcome for outcome in ordered if outcome.task == task], f"test/{metric.name}")
        block = build_task_table(task, metric, arms, reference, (chance or {}).get(task))
        blocks.append(_with_absent(block, [cell for cell in cells if cell not in {arm.label for arm in arms}]))
    shared = tuple(note for note in blocks[0].notes if all(note in block.notes for block in blocks))
    own = (replace(block, notes=tuple(note for note in block.notes if note not in shared)) for block in blocks)
    bold = BOLD if any(row.bold for block in blocks for row in block.rows) else ""
    return AblationTable(one_line(title), tuple(own), bold, (*NOTES, *shared))


def _with_absent(block: TaskTable, cells: Sequence[str]) -> TaskTable:
    note = f"Cells without a trial: {', '.join(map(one_line, cells))}."
    return replace(block, notes=(*block.notes, note)) if cells else block


def _baseline(outcomes: Sequence[Outcome], wanted: str | None) -> Key:
    keys = list(dict.fromkeys((outcome.cell, outcome.cell_digest) for outcome in outcomes))
    found = [key for key in keys if wanted is None or wanted in key]
    if not found:
        raise unknown("baseline cell", wanted, [label for label, _ in keys])
    if wanted is not None and len(found) > 1:
        raise UserError(
            f"The baseline {wanted!r} could be any of {len(found)} cells: {', '.join(map(' '.join, found))}."
        )
    return found[0]
