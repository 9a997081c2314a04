"""Train one trial here, in this process, and record it.

gatebench train cell=lstm task=digits seed=0 training.max_epochs=3
gatebench train cell=lstm cell.ablate.i.fix=1
"""

import os
from collections.abc import Sequence
from functools import partial

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records import mlflow_entry
from gatebench.records.record import Record
from gatebench.trial import Trial
from launch.config.arguments import ask
from launch.config.settings import Settings
from launch.running.attempt import attempt, train
from launch.running.watch import watching


def run(argv: Sequence[str]) -> int:
    """Train the trial and print what came out; return 0, or 1 if it failed.

    Raises:
        UserError: the overrides span several trials, or the data or the machine cannot serve this one.
    """
    plan = ask("train", __doc__, argv)
    if plan is None:
        return 0
    if len(plan.trials) > 1:
        raise UserError(f"These settings span {len(plan.trials)} trials, and train runs one; use gatebench sweep.")
    (trial,), settings = plan.trials, plan.settings
    with settings.folder.lock():
        record = Record(settings.folder, settings.study, settings.records)
        record.reconcile()
        known = [] if settings.force else [o for o in record.outcomes() if o.digest == trial.digest]
        done = next((o for o in known if o.has_result), None)
        outcome = done or _train(trial, settings, record)
    if done:
        print(f"{mlflow_entry.name(trial)} is done already ({trial.digest}); force=true runs it again.")
    print("\n".join(f"{name:<24} {value:.6g}" for name, value in sorted(outcome.metrics.items())))
    return 0 if outcome.has_result else 1


def _train(trial: Trial, settings: Settings, record: Record) -> Outcome:
    os.environ.setdefault("OMP_NUM_THREADS", str(settings.cpus_per_trial))  # as in a sweep; torch reads it on import
    run_here = partial(
        train, home=settings.folder.root.absolute(), data_root=settings.data, keep_memory=settings.keep_memory
    )
    with watching([trial], record) as watch:
        outcome = attempt(trial, run_here, watch)
        watch(outcome)
    return outcome
