"""The table of all tasks together: one row for each cell, with a summary and one score for each task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatebench.measures.across_tasks import AcrossTasks, ArmSummary, TaskScores, across_tasks
from gatebench.measures.comparisons import ArmScores
from gatebench.measures.estimates import Estimate
from gatebench.report.arms import Arm, ArmKey
from gatebench.report.number_format import MISSING, NumberFormat, one_line, score_title
from gatebench.report.scores import score_format, score_text
from gatebench.report.task_comparison import TaskComparison
from gatebench.report.task_table import LABEL, SCORE_NAME, Column, ColumnNote, RecordValue, TableRow, TaskTable
from gatebench.task import Metric

TITLE = "all tasks"
"""The heading of the table."""

SCORES = "score on each task"
"""The group of the columns with the scores of the tasks."""

NORMALISED = Column("normalised score ↑", name="normalised", keys=("normalised_*", "n"))
BETTER = Column("P(better) ↑", name="better", keys=("improvement_*",))
"""The columns of the summaries."""

SUMMARY = NumberFormat(1.0, 2, "")
"""The format of the summaries."""

NOTE = ColumnNote(
    "Normalised score: interquartile mean of the trials on all tasks. 0 is a blind guess, 1 is the mean of the "
    "baseline, and a trial that diverged counts as 0. P(better): probability that a trial of the cell has a better "
    "score than a trial of the baseline, mean over the tasks. Intervals: 95 %, stratified bootstrap, not corrected "
    "(Agarwal et al. 2021).",
    "normalised",
    "better",
)
NO_SUMMARY = "No summary over the tasks: the baseline needs trials on each task, all with the same settings."


@dataclass(frozen=True)
class TaskArms:
    """The arms of one task.

    Attributes:
        task: the label of the task.
        arms: the arms, in the order of the rows.
        comparison: their comparison by the first metric that the study names, or by the headline metric.
        chance: that metric of a blind guess; None if it is unknown.
    """

    task: str
    arms: Sequence[Arm]
    comparison: TaskComparison
    chance: float | None

    @property
    def metric(self) -> Metric:
        """The metric that is shown."""
        return self.comparison.metric

    def arm(self, key: ArmKey) -> Arm | None:
        """Return the arm with this key; None if it has no trial on this task."""
        return next((arm for arm in self.arms if arm.key == key), None)

    def compared(self) -> dict[ArmKey, ArmScores]:
        """Return the scores of the arms that are compared."""
        arms = [arm for arm in self.arms if arm.label not in self.comparison.left_out]
        score = self.comparison.score
        return {arm.key: ArmScores(arm.scores(score), frozenset(arm.diverged(score))) for arm in arms}


def across_tasks_table(tasks: Sequence[TaskArms]) -> TaskTable:
    """Return the table of all tasks together.

    Args:
        tasks: the tasks with their arms. A cell that lacks a task has "–" there, and no summary.
    """
    labels: dict[ArmKey, str] = {}
    for task in tasks:
        for arm in task.arms:
            labels.setdefault(arm.key, arm.label)
    found = _summaries(tasks)
    reasons = {} if found is None else {key: _incomplete(lacking) for key, lacking in found.incomplete.items()}
    footnotes = list(dict.fromkeys(reasons.values()))
    rows = []
    for key, label in labels.items():
        summary = found.summaries.get(key) if found else None
        shown = _summary_texts(summary) if found else ()
        texts = (label, *shown, *(_score(key, task) for task in tasks))
        marks = (footnotes.index(reasons[key]) + 1,) if key in reasons else ()
        rows.append(TableRow(texts, _record(key, label, summary), _bold(key, tasks, first=1 + len(shown)), marks))
    summaries = [NORMALISED, BETTER] if found else []
    columns = (Column("cell", numeric=False, name=LABEL), *summaries, *map(_column, tasks))
    return TaskTable(TITLE, columns, tuple(rows), tuple(footnotes), _notes(found))


def _summaries(tasks: Sequence[TaskArms]) -> AcrossTasks[ArmKey] | None:
    """Return the summaries of the arms; None if the baseline is not the same arm on each task."""
    scores = {task.task: TaskScores(task.compared(), task.metric.direction, task.chance) for task in tasks}
    baselines = {arm.key for task in tasks for arm in task.arms if arm.label in task.comparison.baselines}
    if len(baselines) != 1:
        return None
    (baseline,) = baselines
    has_all = all(baseline in task.arms and task.arms[baseline].n for task in scores.values())
    return across_tasks(scores, baseline) if has_all else None


def _incomplete(tasks: Sequence[str]) -> str:
    return f"No summary, because it cannot be compared on {', '.join(map(one_line, tasks))}."


def _notes(found: AcrossTasks[ArmKey] | None) -> tuple[str, ...]:
    if found is None:
        return (NO_SUMMARY,)
    excluded = [f"{one_line(task)} ({reason})" for task, reason in found.not_normalised.items()]
    return (NOTE, *([f"Not in the normalised score: {', '.join(excluded)}."] if excluded else []))


def _summary_texts(summary: ArmSummary | None) -> tuple[str, str]:
    if summary is None:
        return MISSING, MISSING
    mean, better = summary.interquartile_mean, summary.improvement
    return _estimate_text(mean), "baseline" if better is None else _estimate_text(better)


def _estimate_text(estimate: Estimate | None) -> str:
    """Return a mean with the ends of its interval, which is not symmetric."""
    if estimate is None or estimate.low is None or estimate.high is None:
        return MISSING
    return f"{SUMMARY.number(estimate.mean)} [{SUMMARY.number(estimate.low)}, {SUMMARY.number(estimate.high)}]"


def _column(task: TaskArms) -> Column:
    title = score_title(task.metric, score_format(task.arms, task.metric).unit)
    return Column(f"{one_line(task.task)}: {title}", group=SCORES, name=SCORE_NAME)


def _score(key: ArmKey, task: TaskArms) -> str:
    arm = task.arm(key)
    return MISSING if arm is None else score_text(arm, task.metric, score_format(task.arms, task.metric))


def _bold(key: ArmKey, tasks: Sequence[TaskArms], *, first: int) -> frozenset[int]:
    """Return the indices of the columns of the tasks on which the arm is one of the best, counted from `first`."""
    arms = ((index, task, task.arm(key)) for index, task in enumerate(tasks, first))
    return frozenset(index for index, task, arm in arms if arm is not None and arm.label in task.comparison.best)


def _record(key: ArmKey, label: str, summary: ArmSummary | None) -> dict[str, RecordValue]:
    digest, _ = key
    mean, better = (summary.interquartile_mean, summary.improvement) if summary else (None, None)
    return {
        "task": f"({TITLE})",
        "cell": label,
        "label": label,
        "cell_digest": digest,
        "n": summary.n if summary else None,
        **_ends("normalised", mean),
        **_ends("improvement", better),
    }


def _ends(name: str, estimate: Estimate | None) -> Mapping[str, RecordValue]:
    values = (None, None, None) if estimate is None else (estimate.mean, estimate.low, estimate.high)
    return {f"{name}_{part}": value for part, value in zip(("mean", "low", "high"), values, strict=True)}
