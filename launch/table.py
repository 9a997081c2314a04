"""Print the ablation table of the trials in the records.

gatebench table experiment=quickstart               the trials of an experiment
gatebench table cell=lstm,gru 'seed=range(0,5)'     the trials of a grid
gatebench table study=mine                          all trials of a study
gatebench table experiment=quickstart format=csv    formats: text, markdown, latex, csv, html
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable, ablation_table
from gatebench.report.render import FORMATS
from gatebench.trial import Trial
from launch.config.arguments import parse_plan
from launch.config.compose import Plan
from launch.running.known_outcomes import known_outcomes

SEPARATOR = " · "
"""The text between a task's label and the settings in which trials differ: "digits · model.hidden_size=4"."""


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

    Trials with different networks or different training have tables of their own. The title of such a table names the
    difference. The number of missing trials is printed to stderr.

    Raises:
        UserError: no trial has been run, the baseline is not among the cells, or records of an earlier version do not
            contain the metric of a task that is not in the plan.
    """
    outcomes = _outcomes_of_plan(plan, outcomes) if plan.chosen else list(outcomes)
    if not outcomes:
        raise UserError(
            f"The study {plan.settings.study!r} contains none of these trials yet; run them with gatebench sweep."
        )
    return ablation_table(
        _with_metrics(plan, outcomes),
        baseline=plan.settings.baseline,
        order=list(dict.fromkeys(trial.build_cell().name for trial in plan.trials)) if plan.chosen else (),
        title=f"Gate ablation: {plan.settings.study}",
    )


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
    differences = _differences(plan.trials)
    trials = {trial.digest: trial for trial in plan.trials}
    chosen: list[Outcome] = []
    for outcome in outcomes:
        if (trial := trials.get(outcome.digest)) is not None:
            task = SEPARATOR.join([trial.build_task().label, *differences[trial.digest]])
            chosen.append(replace(outcome, cell=trial.build_cell().name, task=task))
    missing = len(trials.keys() - {outcome.digest for outcome in chosen})
    if 0 < missing < len(trials):
        print(f"{missing} of {len(trials)} trials have not been run.", file=sys.stderr)
    return chosen


def _differences(trials: Iterable[Trial]) -> dict[str, list[str]]:
    """Return the settings of network and training in which the trials differ, with their values, by trial digest."""
    settings = {
        trial.digest: {f"model.{key}": value for key, value in asdict(trial.model).items()}
        | {f"training.{key}": value for key, value in asdict(trial.training).items()}
        for trial in trials
    }
    keys = next(iter(settings.values()))
    different = [key for key in keys if len({values[key] for values in settings.values()}) > 1]
    return {digest: [f"{key}={values[key]}" for key in different] for digest, values in settings.items()}


def _with_metrics(plan: Plan, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Return the outcomes with metric and chance. Records of earlier versions get them from the plan's tasks."""
    tasks = {task.label: task for task in (trial.build_task() for trial in plan.trials)}
    completed: list[Outcome] = []
    for outcome in outcomes:
        task = tasks.get(outcome.task.partition(SEPARATOR)[0])
        if outcome.metric is None and task is not None:
            outcome = replace(outcome, metric=task.metrics[0], chance=task.chance)
        completed.append(outcome)
    return completed
