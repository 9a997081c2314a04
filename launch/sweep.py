"""Train the trials that an experiment or a grid spans, side by side, and print their table.

  gatebench sweep experiment=quickstart
  gatebench sweep cell=lstm,gru task=digits seed=range(0,5)
  gatebench sweep cell=lstm cell.ablate.i.fix=0,0.5,1 study=input_gate

Trials that the study has a result of are not run again, so a sweep that was stopped goes on where it was.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from gatebench.records.mlflow_page import study_view
from gatebench.records.record import Record
from gatebench.report.render import FORMATS
from gatebench.trial import Trial
from launch.config.arguments import ask
from launch.config.compose import Plan
from launch.config.settings import Settings
from launch.running.attempt import train
from launch.running.ray_sweep import Resources, fan_out
from launch.running.watch import watching
from launch.table import check_baseline, table_of


def run(argv: Sequence[str]) -> int:
    """Run what is left of the sweep and print its table; return 0, or 1 if a trial failed."""
    plan = ask("sweep", __doc__, argv)
    if plan is None:
        return 0
    check_baseline(plan)
    settings = plan.settings
    with settings.folder.lock():
        record = Record(settings.folder, settings.study, settings.records)
        if stale := record.reconcile():
            _say(f"{stale} runs that a killed process had left open were closed.")
        done = set() if settings.force else record.finished()
        trials = [trial for trial in plan.trials if trial.digest not in done]
        _say(f"Study {settings.study!r}: {len(plan.trials)} trials, {len(plan.trials) - len(trials)} done already.")
        failed = _run_all(trials, settings, record) if trials else 0
        _report(plan, record)
    if failed:
        _say(f"{failed} of {len(trials)} trials failed; their sentences are above and in the records.")
    return 1 if failed else 0


def _run_all(trials: Sequence[Trial], settings: Settings, record: Record) -> int:
    """Run the trials; return how many of them failed."""
    run_there = partial(train, home=settings.folder.root, data_root=settings.data, keep_memory=settings.keep_memory)
    resources = Resources(settings.workers, settings.cpus_per_trial, settings.gpus_per_trial, settings.ray_address)
    with watching(trials, record) as watch:
        fan_out(trials, run_there, resources, watch)
    return sum(not outcome.has_result for outcome in watch.outcomes)


def _report(plan: Plan, record: Record) -> None:
    """Print the table and where the records lie, and put the table above the study's runs in MLflow."""
    outcomes = record.outcomes()
    table = table_of(replace(plan, chosen=True), outcomes)
    score = plan.trials[0].build_task().metrics[0]
    record.describe(FORMATS["markdown"](table), study_view(score, {name for o in outcomes for name in o.metrics}))
    print(FORMATS["text"](table))
    print(f"The records lie at {record.place}, study {record.study!r}; to open them: gatebench ui")


def _say(line: str) -> None:
    print(line, file=sys.stderr)
