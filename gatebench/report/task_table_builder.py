"""The construction of a task's table from its arms."""

from collections.abc import Sequence

from gatebench.report.arm_record import arm_record
from gatebench.report.arms import Arm
from gatebench.report.columns import ArmColumn, arm_columns
from gatebench.report.footnotes import footnotes
from gatebench.report.notes import task_notes
from gatebench.report.number_format import MISSING, one_line
from gatebench.report.published.columns import published_blocks, published_columns
from gatebench.report.published.notes import published_notes
from gatebench.report.scores import score_format
from gatebench.report.task_comparison import TaskComparison
from gatebench.report.task_table import SCORE, TableRow, TaskTable
from gatebench.task import Metric


def build_task_table(
    title: str,
    task: str,
    arms: Sequence[Arm],
    comparison: TaskComparison,
    *,
    others: Sequence[Metric] = (),
    chance: float | None = None,
    headline: Metric | None = None,
    simple_methods: bool = True,
    cost: bool = True,
) -> TaskTable:
    """Return the table of one task.

    Args:
        title: the heading of the table.
        task: the label of the task.
        arms: the arms, in the order of the rows.
        comparison: their comparison by the metric of the table.
        others: the other metrics that have a column.
        chance: the metric of a blind guess; None: no row for it.
        headline: the headline metric of the task; None: that of the comparison.
        simple_methods: whether the task's simple methods have rows. They were measured with the headline metric.
        cost: whether there are columns of cost and gates. They are the same for all metrics of a task.

    Raises:
        UserError: the trials of an arm have different networks.
    """
    published = published_blocks(task, arms, comparison)
    columns = [*arm_columns(arms, comparison, others, cost=cost), *published_columns(published)]
    marks = footnotes(arms, comparison, {arm.label: [block.note(arm) for block in published] for arm in arms})
    rows = []
    for arm in arms:
        numbers = marks.numbers[arm.label]
        note = " ".join(marks.texts[number - 1] for number in numbers)
        record = arm_record(task, arm, comparison, others, chance, note)
        for block in published:
            record |= block.record(arm)
        texts = tuple(column.text(arm) for column in columns)
        bold = frozenset({SCORE} if arm.label in comparison.best else ())
        rows.append(TableRow(texts, record, bold, numbers))
    references = {} if chance is None else {"chance": chance}
    for arm in arms if simple_methods else ():
        references |= arm.simple_methods()
    rows += [_reference_row(name, score, arms, comparison.metric, columns) for name, score in references.items()]
    shown = tuple(column.column for column in columns)
    notes = (*task_notes(arms, comparison, others, headline), *published_notes(published, arms))
    return TaskTable(one_line(title), shown, tuple(rows), marks.texts, notes)


def _reference_row(
    name: str, score: float, arms: Sequence[Arm], metric: Metric, columns: Sequence[ArmColumn]
) -> TableRow:
    """Return the row of chance or of a simple method, which has only a score."""
    texts = one_line(name), score_format(arms, metric).number(score), *[MISSING] * (len(columns) - 2)
    return TableRow(texts, {})
