"""The trials of a study that run now, as the spool of the home and the store show them."""

from collections.abc import Iterable
from dataclasses import dataclass

from gatebench.errors import UserError
from gatebench.records.address import sqlite_file
from gatebench.records.open_run import OpenRun
from gatebench.records.owner import is_dead
from gatebench.records.sqlite_reader import SqliteReader
from launch.config.settings import Settings
from launch.running.known_outcomes import spool_of


@dataclass(frozen=True)
class OpenTrials:
    """The trials of a study that run now.

    Attributes:
        runs: a run for each of them, in the order of their start.
        waiting: the number of ended trials in the spool that are not in the store yet.
        problem: why the store cannot be read; None if it can. Then trials of other homes are not among the runs.
    """

    runs: tuple[OpenRun, ...]
    waiting: int
    problem: str | None

    @property
    def digests(self) -> frozenset[str]:
        """The digests of the trials."""
        return frozenset(run.digest for run in self.runs)


def open_trials(settings: Settings, study: str) -> OpenTrials:
    """Return the trials of a study that run now: those of this home, and those that the store shows as running.

    A trial of this home whose process has died does not run.

    Args:
        settings: the settings with the home and the address of the records.
        study: the name of the study.
    """
    home, spool = settings.home_folder, spool_of(settings, study)
    own = [run for run in spool.running() if is_dead(home, run.owner) is False]
    try:
        stored, problem = _stored(settings, study), None
    except UserError as error:
        stored, problem = [], str(error)
    others = [run for run in stored if is_dead(home, run.owner) is not True]
    return OpenTrials(tuple(_once([*own, *others])), spool.waiting(), problem)


def _stored(settings: Settings, study: str) -> list[OpenRun]:
    """Return the runs of trials that the store shows as running."""
    if (file := sqlite_file(settings.records_uri)) is not None:
        return SqliteReader(file).open_runs(study) if file.exists() else []
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    return Record(settings.home_folder, study, settings.records_uri).open_runs()


def _once(runs: Iterable[OpenRun]) -> list[OpenRun]:
    """Return the first run of each trial, in the order of their start."""
    first: dict[str, OpenRun] = {}
    for run in runs:
        first.setdefault(run.digest, run)
    return sorted(first.values(), key=lambda run: run.began)
