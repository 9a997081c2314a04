"""The recorded part of a sweep: the trials run, their outcomes are kept, and the table is printed.

MLflow and the code of the tables are imported here, so they are imported while the cluster starts.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records.record import Record
from gatebench.report.text_page import text
from gatebench.study import Study
from gatebench.trial import Trial
from launch.config.compose import Plan
from launch.declaration import keep_declaration
from launch.display.terminal_width import terminal_width
from launch.running.attempt import runner_of
from launch.running.known_outcomes import KnownStudy, known_study, trials_to_run
from launch.running.later_trials import LaterTrials
from launch.running.ray_sweep import run_trials
from launch.running.recording import Recording, record_of, recording
from launch.running.resources import resources_of
from launch.running.sweep_cluster import SweepCluster
from launch.running.trial_monitor import monitored
from launch.search_sentences import missing_sentence
from launch.settled_sweep import place_of_records, print_start, table_of_sweep
from launch.study_pages import open_pages, publish
from launch.table import table_of


def run_recorded(
    plan: Plan, known: KnownStudy, cluster: SweepCluster | None, replan: Callable[[], Plan] | None = None
) -> int:
    """Run the trials of a plan without a result, print the table of all, and return 0, or 1 if a trial failed.

    Args:
        plan: the trials and the settings.
        known: the content of the records before the sweep.
        cluster: the cluster, which may still be starting; None: one is started if a trial is to run.
        replan: the function that returns the plan with the trials that are known after some have ended; None: all are
            known from the beginning.
    """
    settings = plan.settings
    record = record_of(settings)
    with recording(settings, record) as records:
        study = keep_declaration(plan, record)
        trials = trials_to_run(plan.runnable, records.outcomes, force=settings.force)
        print_start(plan, study, records.outcomes, to_run=len(trials))
        open_pages(record, study, plan.trials, records.outcomes)
        outcomes: list[Outcome] = []
        if trials:
            plan, outcomes = _run_all(trials, plan, records, cluster, replan or (lambda: plan))
    _print_table(plan, study, record, changed=bool(trials) or study != known.declaration)
    _report_ends(outcomes)
    if plan.following:
        _report(missing_sentence(plan))
    return int(any(not outcome.has_result for outcome in outcomes))


def _run_all(
    trials: Sequence[Trial],
    plan: Plan,
    records: Recording,
    cluster: SweepCluster | None,
    replan: Callable[[], Plan],
) -> tuple[Plan, list[Outcome]]:
    """Run the trials, and those that become known from their outcomes.

    Returns:
        The plan with all trials that are known in the end, and the outcomes of those that this process has run.
    """
    settings = plan.settings
    with monitored(trials, records) as monitor:
        later = LaterTrials(plan, replan, monitor)
        run_trials(
            trials,
            runner_of(settings),
            resources_of(settings),
            monitor,
            take=records.take,
            done=records.done,
            later=later,
            resume=records.checkpoint,
            budgets=settings.retries,
            cluster=cluster,
        )
    return later.plan, monitor.outcomes


def _print_table(plan: Plan, study: Study, record: Record, *, changed: bool) -> None:
    """Print the table of the plan's trials and the address of the records, and set the pages of the study in MLflow."""
    outcomes = known_study(plan.settings, study.name).outcomes
    table = table_of_sweep(plan, study, outcomes)
    print(text(table, terminal_width()))
    try:
        page = table_of(replace(plan, keys=frozenset()), study, outcomes)
    except UserError as error:  # because of trials of other sweeps, so the results of this one are shown
        _report(f"The pages in MLflow show only this sweep, because all trials of the study fit no table: {error}")
        page = table
    try:
        publish(record, study, plan.trials, outcomes, page, changed=changed)
    except UserError as error:  # the records cannot be reached; the results are in the spool
        _report(f"The pages in MLflow are not up to date: {error}")
    print(place_of_records(plan.settings, record.study))


def _report_ends(outcomes: Sequence[Outcome]) -> None:
    """Print a line about the trials that diverged, and one about those that failed."""
    diverged = sum(outcome.status == "diverged" for outcome in outcomes)
    failed = sum(not outcome.has_result for outcome in outcomes)
    if diverged:
        _report(f"{diverged} of {len(outcomes)} trials diverged; the table counts them as the worst by rank.")
    if failed:
        _report(f"{failed} of {len(outcomes)} trials failed; their messages are above and in the records.")


def _report(line: str) -> None:
    print(line, file=sys.stderr)
