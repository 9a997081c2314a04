"""Which metrics the tables show: the headline metric of a task, and others that the study or the task names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.run_metrics import run_metrics_of
from gatebench.task import Metric


@dataclass(frozen=True)
class TaskMetrics:
    """The metrics of one task.

    Attributes:
        headline: the headline metric.
        others: the other metrics.
        chance: the headline metric of a blind guess; None in records of earlier versions.
        runs: the metrics of `RUN_METRICS` that the outcomes have.
    """

    headline: Metric
    others: tuple[Metric, ...]
    chance: float | None
    runs: tuple[Metric, ...] = ()

    @property
    def all(self) -> tuple[Metric, ...]:
        """All metrics of the task, the headline metric first."""
        return self.headline, *self.others

    @property
    def nameable(self) -> tuple[Metric, ...]:
        """All metrics that a study can name: those of the task and those of its runs."""
        return *self.all, *self.runs


def task_metrics(task: str, outcomes: Iterable[Outcome]) -> TaskMetrics:
    """Return the metrics and the chance level of a task, those of the newest outcome that contains them.

    Args:
        task: the label of the task.
        outcomes: its outcomes, oldest first.

    Raises:
        UserError: no outcome contains the metric, or the outcomes have different headline metrics.
    """
    known = [outcome for outcome in outcomes if outcome.metric is not None]
    names = dict.fromkeys(outcome.metric.name for outcome in known if outcome.metric is not None)
    if not known or known[-1].metric is None:
        raise UserError(
            f"The records of the task {task!r} were made by an earlier version and do not contain its metric; "
            "choose the trials with task=… or experiment=…."
        )
    if len(names) > 1:
        raise UserError(
            f"The trials of the task {task!r} have different headline metrics ({', '.join(names)}); "
            "a table takes the trials of one experiment."
        )
    others = [outcome.other_metrics for outcome in known if outcome.other_metrics]
    chances = [outcome.chance for outcome in known if outcome.chance is not None]
    chance = chances[-1] if chances else None
    return TaskMetrics(known[-1].metric, others[-1] if others else (), chance, run_metrics_of(known))


def check_names(names: Sequence[str], tasks: Mapping[str, TaskMetrics]) -> None:
    """Check the metrics that a study names.

    Raises:
        UserError: no task has a metric of a name, or a task has none of the metrics.
    """
    allowed = list(dict.fromkeys(metric.name for metrics in tasks.values() for metric in metrics.nameable))
    for name in names:
        if name not in allowed:
            where = "of these tasks" if len(tasks) > 1 else f"of task {next(iter(tasks))}"
            raise unknown("metric", name, allowed, where=where)
    for task, metrics in tasks.items():
        own = [metric.name for metric in metrics.nameable]
        if names and not set(names) & set(own):
            raise UserError(
                f"The task {task!r} has none of the metrics {', '.join(names)}; add one of: {', '.join(own)}."
            )


def named(names: Sequence[str], metrics: TaskMetrics) -> list[Metric]:
    """Return the metrics of a task that have one of the names, in the order of the names."""
    by_name = {metric.name: metric for metric in metrics.nameable}
    return [by_name[name] for name in dict.fromkeys(names) if name in by_name]
