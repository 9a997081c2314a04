"""Print the ablation table of what has been run.

gatebench table experiment=quickstart               the trials of an experiment
gatebench table cell=lstm,gru seed=range(0,5)       those of a grid
gatebench table study=mine                          all of a study
gatebench table experiment=quickstart format=csv    also: text, markdown, latex, html
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable, ablation_table
from gatebench.report.render import FORMATS
from gatebench.trial import Trial
from launch.config.arguments import ask
from launch.config.compose import Plan
from launch.running.known_outcomes import known_outcomes

BESIDE = " · "
"""Stands between a task and the settings in which its trials differ."""


def run(argv: Sequence[str]) -> int:
    """Print the table; return 0."""
    plan = ask("table", __doc__, argv)
    if plan is None:
        return 0
    if plan.settings.format not in FORMATS:
        raise unknown("format", plan.settings.format, FORMATS)
    table = table_of(plan, known_outcomes(plan.settings))
    print(FORMATS[plan.settings.format](table), end="")
    return 0


def table_of(plan: Plan, outcomes: Iterable[Outcome]) -> AblationTable:
    """Return the table of the plan's trials, or of all outcomes if the plan does not choose; say what is missing.

    Trials that differ in network or training get a block of their own, with the difference beside the task's name.

    Raises:
        UserError: nothing has been run, or the baseline is not among the cells.
    """
    if plan.chosen:
        outcomes = _relabelled(plan, outcomes)
    kept = list(outcomes)
    if not kept:
        raise UserError(f"The study {plan.settings.study!r} has no such trial yet; run gatebench sweep.")
    kept = list(_completed(plan, kept))
    return ablation_table(
        kept,
        {outcome.task: outcome.metric for outcome in kept if outcome.metric is not None},
        baseline=plan.settings.baseline,
        order=list(dict.fromkeys(trial.build_cell().name for trial in plan.trials)) if plan.chosen else (),
        chance={outcome.task: outcome.chance for outcome in kept if outcome.chance is not None},
        title=f"Gate ablation: {plan.settings.study}",
    )


def _completed(plan: Plan, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes with the metric and the chance of their tasks.

    Records of earlier versions do not hold them; the tasks of the plan do.

    Raises:
        UserError: neither the record nor the plan says what the metric is.
    """
    tasks = {task.label: task for task in (trial.build_task() for trial in plan.trials)}
    for outcome in outcomes:
        if outcome.metric is not None:
            yield outcome
            continue
        label = outcome.task.partition(BESIDE)[0]
        if label not in tasks:
            raise UserError(
                f"The records of the task {label!r} are of an earlier version and do not name its metric; "
                "name the task with task=… or the experiment with experiment=…."
            )
        yield replace(outcome, metric=tasks[label].metrics[0], chance=tasks[label].chance)


def check_baseline(plan: Plan) -> None:
    """Check that the plan has the baseline it names: better before hours of training than after.

    Raises:
        UserError: it has not.
    """
    cells = [trial.build_cell() for trial in plan.trials]
    if (baseline := plan.settings.baseline) not in (None, *(cell.name for cell in cells), *(c.digest for c in cells)):
        raise unknown("baseline among these cells", baseline, dict.fromkeys(cell.name for cell in cells))


def _relabelled(plan: Plan, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield the outcomes of the plan's trials under the names by which the plan asks for them."""
    variants = _variants(plan.trials)
    trials = {trial.digest: trial for trial in plan.trials}
    missing = set(trials)
    for outcome in outcomes:
        if (trial := trials.get(outcome.digest)) is not None:
            missing.discard(trial.digest)
            task = BESIDE.join([trial.build_task().label, *variants[trial.digest]])
            yield replace(outcome, cell=trial.build_cell().name, task=task)
    if 0 < len(missing) < len(trials):
        print(f"{len(missing)} of {len(trials)} trials have not been run.", file=sys.stderr)


def _variants(trials: Iterable[Trial]) -> dict[str, list[str]]:
    """Return for each trial, by digest, in what its network and training differ from those of others."""
    settings = {
        trial.digest: {f"model.{key}": value for key, value in asdict(trial.model).items()}
        | {f"training.{key}": value for key, value in asdict(trial.training).items()}
        for trial in trials
    }
    swept = [key for key in next(iter(settings.values())) if len({one[key] for one in settings.values()}) > 1]
    return {digest: [f"{key}={one[key]}" for key in swept] for digest, one in settings.items()}
