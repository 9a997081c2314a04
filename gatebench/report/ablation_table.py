"""The ablation table as plain data: the scores of all cells on each task, and their differences from the baseline."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.across_tasks_table import TaskArms, across_tasks_table
from gatebench.report.arms import Arm, arms_of
from gatebench.report.matched_parameters import with_budgets
from gatebench.report.named_arms import with_named_arms
from gatebench.report.notes import BOLD, common_notes
from gatebench.report.number_format import one_line
from gatebench.report.selection import selected_arms
from gatebench.report.shown_metrics import TaskMetrics, check_names, named, task_metrics
from gatebench.report.task_comparison import task_comparison
from gatebench.report.task_table import TaskTable
from gatebench.report.task_table_builder import build_task_table
from gatebench.report.varied_settings import check_vary, matching_keys
from gatebench.study import Study, View


@dataclass(frozen=True)
class AblationTable:
    """An ablation table.

    Attributes:
        title: the title.
        question: the question that the study answers; "" if none was declared.
        task_tables: one table for each task (and each metric that the study names), then those of all tasks together.
        bold: the meaning of bold scores; "" if there are none.
        notes: the notes that hold for all tasks.
    """

    title: str
    question: str
    task_tables: tuple[TaskTable, ...]
    bold: str
    notes: tuple[str, ...]


def ablation_table(
    outcomes: Sequence[Outcome],
    study: Study,
    *,
    title: str | None = None,
    default_metrics: Mapping[str, Sequence[str]] | None = None,
    vary: Sequence[str] = (),
    view: View = "all",
) -> AblationTable:
    """Return the table of a study's outcomes: one table for each task, one row for each cell and its settings.

    The headline metric of a task and the score of a blind guess are those of its outcomes. Below the cells are rows
    with chance and with the simple methods that the task measured. If the study names metrics, each of them has a table
    with its own comparisons, and the table of all tasks shows the first one. If it does not, the headline metric has a
    table, in which the task's other default metrics have a column.

    Args:
        outcomes: the outcomes, oldest first.
        study: the declaration of the study: baseline, order of the rows, families, test and metrics. Cells that have
            not been run are ignored.
        title: the title; None: "Gate ablation" and the name of the study.
        default_metrics: {label of a task: names of the metrics that it shows by default}.
        vary: the keys of settings in which the trials of an arm may differ, besides the seed and the settings of the
            study's search.
        view: the trials that are shown: "all", or those that are selected by validation, see
            `gatebench.report.selection`.

    Raises:
        UserError: there are no outcomes, `vary` names an unknown setting, the baseline is unknown or ambiguous, a task
            lacks a metric, the outcomes are not of one experiment, or the test is paired and cells have different
            seeds or draws.
    """
    if not outcomes:
        raise UserError("There are no finished trials to make a table of; run the experiment first.")
    outcomes = with_named_arms(with_budgets(outcomes, study.parameters), study.arms)
    check_vary(vary, outcomes)
    varied = matching_keys([*study.search, *vary], outcomes)
    ranks = {label: rank for rank, label in enumerate(study.order)}
    ordered = sorted(outcomes, key=lambda outcome: ranks.get(outcome.cell, len(ranks)))
    baseline = _baseline(ordered, study)
    tasks = {task: [one for one in outcomes if one.task == task] for task in dict.fromkeys(o.task for o in outcomes)}
    metrics = {task: task_metrics(task, own) for task, own in tasks.items()}
    check_names(study.metrics, metrics)
    task_tables, task_arms = list[TaskTable](), list[TaskArms]()
    for task, own_metrics in metrics.items():
        arms = arms_of([outcome for outcome in ordered if outcome.task == task], varied)
        arms = selected_arms(arms, view, own_metrics.headline)
        first = next(iter(named(study.metrics, own_metrics)), own_metrics.headline)
        chance = own_metrics.chance if first == own_metrics.headline else None
        task_arms.append(TaskArms(task, arms, task_comparison(first, study, arms, baseline), chance))
        task_tables += _tables(task_arms[-1], own_metrics, study, baseline, (default_metrics or {}).get(task, ()))
        cells = dict.fromkeys([*study.order, *(outcome.cell for outcome in ordered)])
        absent = [cell for cell in cells if not any(cell in arm.labels for arm in arms)]
        task_tables[-1] = _with_absent(task_tables[-1], absent)
    together = [across_tasks_table(task_arms)] if len(task_arms) > 1 else []
    all_arms = [arm for task in task_arms for arm in task.arms]
    return _assembled(one_line(title or f"Gate ablation: {study.name}"), study, all_arms, task_tables, together)


def _tables(
    task: TaskArms, metrics: TaskMetrics, study: Study, baseline: str, default_names: Sequence[str]
) -> Iterable[TaskTable]:
    """Yield the tables of one task."""
    shown = named(study.metrics, metrics) or [metrics.headline]
    others = [] if study.metrics else [m for m in named(default_names, metrics) if m != metrics.headline]
    for metric in shown:
        is_headline = metric == metrics.headline
        yield build_task_table(
            task.task if len(shown) == 1 else f"{task.task} · {metric.name}",
            task.task,
            task.arms,
            task.comparison if metric == task.metric else task_comparison(metric, study, task.arms, baseline),
            others=others,
            headline=metrics.headline,
            chance=metrics.chance if is_headline else None,
            simple_methods=is_headline,
            cost=metric == shown[0],
        )


def _assembled(
    title: str,
    study: Study,
    arms: Sequence[Arm],
    task_tables: Sequence[TaskTable],
    together: Sequence[TaskTable],
) -> AblationTable:
    """Return the table, in which a note that holds for all tasks is written once."""
    common = [note for note in task_tables[0].notes if all(note in table.notes for table in task_tables)]
    own = (replace(table, notes=tuple(note for note in table.notes if note not in common)) for table in task_tables)
    bold = BOLD if any(row.bold for table in task_tables for row in table.rows) else ""
    undeclared = study.baseline is None and not study.order
    notes = ["The study declares no baseline, so it is the first cell."] if undeclared else []
    shared = common_notes(varied=any(arm.varied for arm in arms))
    return AblationTable(title, one_line(study.question), (*own, *together), bold, (*shared, *common, *notes))


def _with_absent(task_table: TaskTable, cells: Sequence[str]) -> TaskTable:
    """Return the table with a note on the cells that have no trial on the task."""
    note = f"Cells without a trial: {', '.join(map(one_line, cells))}."
    return replace(task_table, notes=(*task_table.notes, note)) if cells else task_table


def _baseline(outcomes: Sequence[Outcome], study: Study) -> str:
    """Return the label or the digest of the baseline.

    It may be a cell in the order of the study that has no trial yet.
    """
    if study.baseline is None:
        return study.order[0] if study.order else outcomes[0].cell
    keys = dict.fromkeys((outcome.cell, outcome.cell_digest) for outcome in outcomes)
    digests = {digest: None for label, digest in keys if study.baseline in (label, digest)}
    if len(digests) > 1:
        raise UserError(
            f"The baseline {study.baseline!r} could be any of {len(digests)} cells with these digests: "
            f"{', '.join(digests)}."
        )
    if not digests and study.baseline not in study.order:
        raise unknown("baseline cell", study.baseline, [label for label, _ in keys])
    return study.baseline
