"""The table of all tasks together: one row for each cell, with one score for each task."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatebench.report.arms import Arm, ArmKey
from gatebench.report.number_format import MISSING, one_line, score_title
from gatebench.report.scores import score_format, score_text
from gatebench.report.task_comparison import TaskComparison
from gatebench.report.task_table import Column, RecordValue, TableRow, TaskTable
from gatebench.task import Metric

TITLE = "all tasks"
"""The heading of the table."""

SCORES = "score on each task"
"""The group of the columns with the scores of the tasks."""


@dataclass(frozen=True)
class TaskArms:
    """The arms of one task.

    Attributes:
        task: the label of the task.
        arms: the arms, in the order of the rows.
        comparison: their comparison by the headline metric.
    """

    task: str
    arms: Sequence[Arm]
    comparison: TaskComparison

    @property
    def metric(self) -> Metric:
        """The headline metric of the task."""
        return self.comparison.metric


def across_tasks_table(tasks: Sequence[TaskArms]) -> TaskTable:
    """Return the table of all tasks together.

    Args:
        tasks: the tasks with their arms. A cell that lacks a task has "–" there.
    """
    labels: dict[ArmKey, str] = {}
    for task in tasks:
        for arm in task.arms:
            labels.setdefault(arm.key, arm.label)
    rows = [
        TableRow((label, *(_score(key, task) for task in tasks)), _record(key, label, tasks), _bold(key, tasks))
        for key, label in labels.items()
    ]
    return TaskTable(TITLE, (Column("cell", numeric=False), *map(_column, tasks)), tuple(rows))


def _column(task: TaskArms) -> Column:
    title = score_title(task.metric, score_format(task.arms, task.metric).unit)
    return Column(f"{one_line(task.task)}: {title}", group=SCORES)


def _arm(key: ArmKey, task: TaskArms) -> Arm | None:
    return next((arm for arm in task.arms if arm.key == key), None)


def _score(key: ArmKey, task: TaskArms) -> str:
    arm = _arm(key, task)
    return MISSING if arm is None else score_text(arm, task.metric, score_format(task.arms, task.metric))


def _bold(key: ArmKey, tasks: Sequence[TaskArms]) -> frozenset[int]:
    """Return the indices of the columns of the tasks on which the arm is one of the best."""
    arms = ((index, task, _arm(key, task)) for index, task in enumerate(tasks, 1))
    return frozenset(index for index, task, arm in arms if arm is not None and arm.label in task.comparison.best)


def _record(key: ArmKey, label: str, tasks: Sequence[TaskArms]) -> dict[str, RecordValue]:
    digest, _ = key
    return {
        "task": f"({TITLE})",
        "cell": label,
        "cell_digest": digest,
        "tasks": sum(_arm(key, task) is not None for task in tasks),
    }
