"""Print the ablation table of the trials in the records.

gatebench table experiment=quickstart               the trials of an experiment
gatebench table cell=lstm,gru 'seed=range(0,5)'     the trials of a grid
gatebench table study=mine                          all trials of a study
gatebench table experiment=quickstart format=csv    formats: text, markdown, latex, csv, html
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable, ablation_table
from gatebench.report.render import FORMATS
from gatebench.study import Study
from launch.config.arguments import parse_plan
from launch.config.compose import Plan
from launch.running.known_outcomes import known_outcomes


def run(argv: Sequence[str]) -> int:
    """Print the table and return 0."""
    plan = parse_plan("table", __doc__, argv)
    if plan is None:
        return 0
    if plan.settings.format not in FORMATS:
        raise unknown("format", plan.settings.format, FORMATS)
    table = table_of(plan, known_outcomes(plan.settings))
    print(FORMATS[plan.settings.format](table), end="")
    return 0


def table_of(plan: Plan, outcomes: Iterable[Outcome]) -> AblationTable:
    """Return the table of the plan's trials, or of all outcomes if the plan chooses no trials.

    Trials with different networks or different training have rows of their own, which name the difference. The number
    of missing trials is printed to stderr.

    Raises:
        UserError: no trial has been run, the baseline is not among the cells, or records of an earlier version do not
            contain the metric of a task that is not in the plan.
    """
    outcomes = _outcomes_of_plan(plan, outcomes) if plan.chosen else list(outcomes)
    if not outcomes:
        raise UserError(
            f"The study {plan.settings.study!r} contains none of these trials yet; run them with gatebench sweep."
        )
    return ablation_table(_with_metrics(plan, outcomes), _declaration(plan), default_metrics=_default_metrics(plan))


def _declaration(plan: Plan) -> Study:
    """Return the declaration of the study, with the cells of the plan as the order if none is declared."""
    study = plan.settings.declaration(plan.settings.study)
    names = dict.fromkeys(trial.build_cell().name for trial in plan.trials) if plan.chosen else ()
    return replace(study, order=study.order or tuple(names))


def _default_metrics(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the metrics that the plan's tasks show by default, by the label of the task."""
    return {task.label: task.table_metrics for task in (trial.build_task() for trial in plan.trials)}


def check_baseline(plan: Plan) -> None:
    """Check that the baseline is one of the plan's cells, before hours of training.

    Raises:
        UserError: it is not.
    """
    cells = [trial.build_cell() for trial in plan.trials]
    names = dict.fromkeys(cell.name for cell in cells)
    baseline = plan.settings.baseline
    if baseline not in (None, *names, *(cell.digest for cell in cells)):
        raise unknown("baseline among these cells", baseline, names)


def _outcomes_of_plan(plan: Plan, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes of the plan's trials, with the labels that the plan gives to their cells and tasks."""
    trials = {trial.digest: trial for trial in plan.trials}
    chosen: list[Outcome] = []
    for outcome in outcomes:
        if (trial := trials.get(outcome.digest)) is not None:
            cell, task = trial.build_cell().name, trial.build_task().label
            chosen.append(replace(outcome, cell=cell, task=task, settings=trial.flat_settings()))
    missing = len(trials.keys() - {outcome.digest for outcome in chosen})
    if 0 < missing < len(trials):
        print(f"{missing} of {len(trials)} trials have not been run.", file=sys.stderr)
    return chosen


def _with_metrics(plan: Plan, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes with metric and chance. Records of earlier versions get them from the plan's tasks."""
    tasks = {task.label: task for task in (trial.build_task() for trial in plan.trials)}
    completed: list[Outcome] = []
    for outcome in outcomes:
        task = tasks.get(outcome.task)
        if outcome.metric is None and task is not None:
            outcome = replace(outcome, metric=task.metrics[0], chance=task.chance)
        completed.append(outcome)
    return completed
