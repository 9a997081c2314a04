"""Print the ablation table of what has been run.

gatebench table experiment=quickstart               the trials of an experiment
gatebench table cell=lstm,gru seed=range(0,5)       those of a grid
gatebench table study=mine                          all of a study
gatebench table experiment=quickstart format=csv    also: text, markdown, latex, html
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from importlib import import_module

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable, ablation_table
from gatebench.report.render import FORMATS
from gatebench.task import Task
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
    known = {task.label: task for task in (trial.build_task() for trial in plan.trials)}
    tasks = {task: known.get(task.partition(BESIDE)[0]) or _kind(task)() for task in {outcome.task for outcome in kept}}
    return ablation_table(
        kept,
        {label: task.metrics[0] for label, task in tasks.items()},
        baseline=plan.settings.baseline,
        order=list(dict.fromkeys(trial.build_cell().name for trial in plan.trials)) if plan.chosen else (),
        # Of a task that only a label names, the fields that may move its chance are not known.
        chance={label: task.chance for label, task in tasks.items() if label.partition(BESIDE)[0] == task.label},
        title=f"Gate ablation: {plan.settings.study}",
    )


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


def _kind(label: str) -> type[Task]:
    """Return the class of the task with a label such as "sequential_mnist[order=row]"."""
    name = label.partition("[")[0]
    try:
        found = list(vars(import_module(f"tasks.{name}")).values())
    except ImportError:
        found = []
    for kind in found:
        if isinstance(kind, type) and issubclass(kind, Task) and kind.__module__ == f"tasks.{name}":
            return kind
    raise UserError(f"The study has trials of the task {name!r}, which is not known here; choose trials with task=….")
