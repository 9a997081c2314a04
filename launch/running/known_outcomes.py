"""The declaration and the outcomes that a study's records contain, and the trials that are still to run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatebench.outcome import Outcome
from gatebench.records.address import sqlite_file, without_credentials
from gatebench.records.database_file import check_database
from gatebench.records.spool.spool import Spool
from gatebench.records.sqlite_reader import SqliteReader
from gatebench.study import Study
from gatebench.trial import Trial
from launch.config.settings import Settings


@dataclass(frozen=True)
class KnownStudy:
    """The content of a study's records.

    Attributes:
        declaration: the declaration; None if there are no records, or an earlier version made them.
        outcomes: the outcomes of the trials, oldest first.
    """

    declaration: Study | None
    outcomes: list[Outcome]


def known_study(settings: Settings, study: str) -> KnownStudy:
    """Return the declaration and the outcomes of a study: those in the store, then those that wait in the spool.

    Nothing is created. MLflow is imported only if the store is not a sqlite file.

    Args:
        settings: the settings with the home and the address of the records.
        study: the name of the study.

    Raises:
        UserError: the store cannot be read.
    """
    spool = Spool(settings.home_folder, study, without_credentials(settings.records_uri, settings.records_uri))
    waiting = spool.outcomes_by_attempt()  # before the store: an attempt that is drained meanwhile is then in both
    declaration, recorded = _recorded(settings, study)
    known_attempts = {attempt for attempt, _ in recorded}
    new = [outcome for attempt, outcome in waiting.items() if attempt not in known_attempts]
    if declaration is None and (text := spool.folder.declaration) is not None:
        declaration = Study.from_json(text)
    return KnownStudy(declaration, [outcome for _, outcome in recorded] + sorted(new, key=lambda one: one.when))


def study_names(settings: Settings) -> list[str]:
    """Return the names of the studies in the records, newest first."""
    if (file := sqlite_file(settings.records_uri)) is not None:
        return SqliteReader(file).study_names() if file.exists() else []
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    return list(Record(settings.home_folder, settings.studies[0], settings.records_uri).study_pages())


def _recorded(settings: Settings, study: str) -> tuple[Study | None, list[tuple[str, Outcome]]]:
    """Return the declaration of a study, and its attempts with their outcomes, as the store has them."""
    check_database(settings.home_folder, settings.records_uri)
    if (file := sqlite_file(settings.records_uri)) is not None:
        return SqliteReader(file).read(study) if file.exists() else (None, [])
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    record = Record(settings.home_folder, study, settings.records_uri)
    return record.study_declaration(), record.outcomes_by_attempt()


def trials_to_run(trials: Sequence[Trial], outcomes: Iterable[Outcome], *, force: bool) -> list[Trial]:
    """Return the trials that have no result yet; all trials with `force`."""
    done = set() if force else {outcome.digest for outcome in outcomes if outcome.has_result}
    return [trial for trial in trials if trial.digest not in done]
