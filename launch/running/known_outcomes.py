"""What the records of a study know already."""

from gatebench.outcome import Outcome
from gatebench.records.address import sqlite_file
from launch.config.settings import Settings


def known_outcomes(settings: Settings) -> list[Outcome]:
    """Return what became of the study's trials, oldest first.

    MLflow, which takes a second to import, is left alone where there is no record.
    """
    file = sqlite_file(settings.records)
    if file is not None and not file.exists():
        return []
    from gatebench.records.record import Record

    return Record(settings.folder, settings.study, settings.records).outcomes()
