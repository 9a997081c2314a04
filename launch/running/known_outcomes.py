"""The declaration and the outcomes that a study's records contain, and the trials that are still to run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatebench.outcome import Outcome
from gatebench.records.address import sqlite_file
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
    """Return the content of the records of a study. Nothing is created. Without records, MLflow is not imported.

    Args:
        settings: the settings with the address of the records.
        study: the name of the study.
    """
    if not _records_exist(settings):
        return KnownStudy(None, [])
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    record = Record(settings.home_folder, study, settings.records_uri)
    return KnownStudy(record.study_declaration(), record.outcomes())


def study_names(settings: Settings) -> list[str]:
    """Return the names of the studies in the records, newest first."""
    if not _records_exist(settings):
        return []
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    return list(Record(settings.home_folder, settings.studies[0], settings.records_uri).study_pages())


def _records_exist(settings: Settings) -> bool:
    """Return False if the records are a sqlite file that does not exist."""
    file = sqlite_file(settings.records_uri)
    return file is None or file.exists()


def trials_to_run(trials: Sequence[Trial], outcomes: Iterable[Outcome], *, force: bool) -> list[Trial]:
    """Return the trials that have no result yet; all trials with `force`."""
    done = set() if force else {outcome.digest for outcome in outcomes if outcome.has_result}
    return [trial for trial in trials if trial.digest not in done]
