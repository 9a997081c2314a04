"""Train one trial and record it: in this process, or with a process for each device of training.devices.

  gatebench train experiment=quickstart cell=lstm seed=0
  gatebench train cell=lstm cell.ablate.i.fix=1
  gatebench train cell=lstm training.devices=2

A trial that has a result in the study is not run again; its metrics are printed.
"""

import os
import time
from collections.abc import Sequence

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records import mlflow_entry
from gatebench.trial import Trial
from launch.config.arguments import parse_plan
from launch.config.settings import Settings
from launch.declaration import keep_declaration, new_declaration
from launch.display.outcome_text import outcome_text
from launch.events import Checkpoint, Started
from launch.running.attempt import attempt, runner_of
from launch.running.interrupts import StopRequest
from launch.running.known_outcomes import known_study, trials_to_run
from launch.running.recording import Recording, record_of, recording
from launch.running.resources import resources_of
from launch.running.search_past import past_trials
from launch.running.trial_monitor import monitored
from launch.start_checks import check_start
from launch.study_pages import open_pages


def run(argv: Sequence[str]) -> int:
    """Train the trial, print its metrics, and return 0, or 1 if it failed.

    Raises:
        UserError: the overrides span several trials, or the data or the machine cannot be used for this one.
    """
    plan = parse_plan("train", __doc__, argv, read_past=past_trials)
    if plan is None:
        return 0
    if len(plan.trials) > 1:
        raise UserError(f"These settings span {len(plan.trials)} trials, and train runs one; use gatebench sweep.")
    (trial,), settings = plan.trials, plan.settings
    recorded = known_study(settings, settings.one_study)
    check_start(trials_to_run(plan.trials, recorded.outcomes, force=settings.force), settings)
    new_declaration(plan, recorded.declaration)  # a mistake in it is found before training
    record = record_of(settings)
    with recording(settings, record) as records:
        known = None if settings.force else _known_result(trial, records)
        outcome = known or _train(trial, settings, records)
    study = keep_declaration(plan, record)
    open_pages(record, study, plan.trials, known_study(settings, study.name).outcomes)
    if known:
        print(f"{mlflow_entry.run_name(trial)} is done already ({trial.digest}); force=true runs it again.")
    if outcome.metrics:
        print(outcome_text(outcome))
    return 0 if outcome.has_result else 1


def _known_result(trial: Trial, records: Recording) -> Outcome | None:
    return next((one for one in records.outcomes if one.digest == trial.digest and one.has_result), None)


def _train(trial: Trial, settings: Settings, records: Recording) -> Outcome:
    """Train the trial in this process and return its outcome.

    Raises:
        UserError: another process runs the trial.
    """
    if trial.digest not in records.take([trial.digest]):
        raise UserError(
            f"The trial {trial.digest} is being run by {records.holder(trial.digest) or 'another process'}; "
            "gatebench status shows it."
        )
    if trial.training.ranks > 1:
        return _train_on_devices(trial, settings, records)
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.cpus_per_trial))  # as in a sweep; read when torch is imported
    with monitored([trial], records) as monitor, StopRequest() as stop:
        monitor(Started(trial.digest, time.time()))
        control = Control(
            resume=records.checkpoint(trial.digest),
            save=lambda content: monitor(Checkpoint(trial.digest, content)),
            should_stop=lambda: stop.requested,
        )
        outcome = attempt(trial, runner_of(settings), monitor, control)
        monitor(outcome)
    if stop.requested and not outcome.has_result:
        raise KeyboardInterrupt
    return outcome


def _train_on_devices(trial: Trial, settings: Settings, records: Recording) -> Outcome:
    """Train the trial on several devices, each in a process of its own, and return its outcome."""
    from launch.running.ray_sweep import run_trials  # imports Ray, which takes a second

    with monitored([trial], records) as monitor:
        run_trials(
            [trial],
            runner_of(settings),
            resources_of(settings),
            monitor,
            resume=records.checkpoint,
            budgets=settings.retries,
        )
    return monitor.outcomes[-1]
