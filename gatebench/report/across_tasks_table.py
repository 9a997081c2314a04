"""The table of all tasks together: one row for each cell, with one score for each task."""

from collections.abc import Sequence
from dataclasses import dataclass

from gatebench.report.arms import Arm
from gatebench.report.task_table import TaskTable
from gatebench.task import Metric


@dataclass(frozen=True)
class TaskArms:
    task: str
    arms: Sequence[Arm]
    metric: Metric


def across_tasks_tables(tasks: Sequence[TaskArms], baseline: str) -> list[TaskTable]:
    return []
