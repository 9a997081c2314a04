"""Train one trial in this process and record it.

  gatebench train experiment=quickstart cell=lstm seed=0
  gatebench train cell=lstm cell.ablate.i.fix=1

A trial that has a result in the study is not run again; its metrics are printed.
"""

import os
from collections.abc import Sequence
from functools import partial

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records import mlflow_entry
from gatebench.records.record import Record
from gatebench.trial import Trial
from launch.config.arguments import parse_plan
from launch.config.settings import Settings
from launch.data_files import check_data_files
from launch.declaration import keep_declaration, new_declaration
from launch.display.outcome_text import outcome_text
from launch.running.attempt import attempt, train_trial
from launch.running.known_outcomes import known_study, trials_to_run
from launch.running.trial_monitor import monitored
from launch.study_pages import open_pages


def run(argv: Sequence[str]) -> int:
    """Train the trial, print its metrics, and return 0, or 1 if it failed.

    Raises:
        UserError: the overrides span several trials, or the data or the machine cannot be used for this one.
    """
    plan = parse_plan("train", __doc__, argv)
    if plan is None:
        return 0
    if len(plan.trials) > 1:
        raise UserError(f"These settings span {len(plan.trials)} trials, and train runs one; use gatebench sweep.")
    (trial,), settings = plan.trials, plan.settings
    recorded = known_study(settings, settings.one_study).outcomes
    check_data_files(trials_to_run(plan.trials, recorded, force=settings.force), settings)
    with settings.home_folder.lock():
        record = Record(
            settings.home_folder, settings.one_study, settings.records_uri, system_metrics=settings.system_metrics
        )
        new_declaration(plan, record.study_declaration())  # a mistake in it is found before training
        record.close_stale_runs()
        known = None if settings.force else _known_result(trial, record)
        outcome = known or _train(trial, settings, record)
        study = keep_declaration(plan, record)
        open_pages(record, study, plan.trials, record.outcomes())
    if known:
        print(f"{mlflow_entry.run_name(trial)} is done already ({trial.digest}); force=true runs it again.")
    if outcome.metrics:
        print(outcome_text(outcome))
    return 0 if outcome.has_result else 1


def _known_result(trial: Trial, record: Record) -> Outcome | None:
    outcomes = record.outcomes()
    return next((outcome for outcome in outcomes if outcome.digest == trial.digest and outcome.has_result), None)


def _train(trial: Trial, settings: Settings, record: Record) -> Outcome:
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.cpus_per_trial))  # as in a sweep; read when torch is imported
    runner = partial(
        train_trial, home=settings.home_folder.root, data_root=settings.data_folder, keep_memory=settings.keep_memory
    )
    with monitored([trial], record) as monitor:
        outcome = attempt(trial, runner, monitor, Control())
        monitor(outcome)
    return outcome
