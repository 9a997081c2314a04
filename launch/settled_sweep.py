"""A sweep with nothing to do: all trials have a result, and the records need no change. Its table is printed.

MLflow and Ray are not imported, which take seconds.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace

from gatebench.outcome import Outcome
from gatebench.records.address import sqlite_file, without_credentials
from gatebench.records.sqlite_reader import SqliteReader
from gatebench.report.ablation_table import AblationTable
from gatebench.report.text_page import text
from gatebench.study import Study
from launch.config.compose import Plan
from launch.config.settings import Settings
from launch.display.terminal_width import terminal_width
from launch.running.known_outcomes import KnownStudy, refusal_sentence, refusals, spool_of, trials_to_run
from launch.search_sentences import following_sentence, frozen_sentence, missing_sentence
from launch.table import table_of


def is_settled(plan: Plan, study: Study, known: KnownStudy) -> bool:
    """Return whether a sweep has nothing to run, nothing to bring to the records, and nothing to change in them.

    Args:
        plan: the trials and the settings.
        study: the declaration of the study with the parts that the plan declares.
        known: the content of the records.
    """
    settings = plan.settings
    if trials_to_run(plan.runnable, known.outcomes, force=settings.force) or study != known.declaration:
        return False
    file = sqlite_file(settings.records_uri)
    if file is None or not file.exists() or _has_attempts(settings, study.name):
        return False
    reader = SqliteReader(file)
    return reader.has_report(study.name) and not reader.open_runs(study.name)


def print_settled(plan: Plan, study: Study, outcomes: Sequence[Outcome]) -> None:
    """Print what a sweep prints if there is nothing to run.

    Args:
        plan: the trials and the settings.
        study: the declaration of the study.
        outcomes: the outcomes in the records.
    """
    print_start(plan, study, outcomes, to_run=0)
    print(text(table_of_sweep(plan, study, outcomes), terminal_width()))
    print(place_of_records(plan.settings, study.name))


def print_start(plan: Plan, study: Study, outcomes: Sequence[Outcome], *, to_run: int) -> None:
    """Print to stderr how many trials are done, and how many are not run again because the machine refused them.

    Args:
        plan: the trials and the settings.
        study: the declaration of the study.
        outcomes: the outcomes in the records.
        to_run: the number of trials that will run.
    """
    refused = refusals(plan.trials, outcomes, force=plan.settings.force)
    frozen = frozenset() if plan.settings.force else plan.frozen
    count = len(plan.trials)
    done = count - to_run - len(refused.keys() | frozen)
    print(f"Study {study.name!r}: {count} trial{'' if count == 1 else 's'}, {done} done already.", file=sys.stderr)
    if refused:
        print(refusal_sentence(refused), file=sys.stderr)
    if frozen:
        print(frozen_sentence(plan), file=sys.stderr)
    if plan.following:
        print(following_sentence(plan) if to_run else missing_sentence(plan), file=sys.stderr)


def table_of_sweep(plan: Plan, study: Study, outcomes: Sequence[Outcome]) -> AblationTable:
    """Return the table of the plan's trials alone."""
    chosen = replace(plan, keys=plan.keys | {"cell"})  # the default cell is chosen, too
    return table_of(chosen, study.limited_to([*plan.cells, *plan.cells.values()]), outcomes)


def place_of_records(settings: Settings, study: str) -> str:
    """Return the sentence that says where the records lie."""
    address = without_credentials(settings.records_uri)
    return f"The records lie at {address}, study {study!r}; to open them: gatebench ui"


def _has_attempts(settings: Settings, study: str) -> bool:
    """Return whether the spool has attempts that run, or that are not in the records."""
    return bool(spool_of(settings, study).folder.attempts())
