"""A new database for a home whose database is lost or damaged, from the journals and the artifacts in the home."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from gatebench.records.database_file import fault, set_aside
from gatebench.records.home import Home
from gatebench.records.mlflow_client import connect, readable_errors
from gatebench.records.record import Record
from gatebench.records.spool.progress import Progress
from gatebench.records.spool.restore import restore_attempts
from gatebench.records.spool.run_requests import RunRequests
from gatebench.records.spool.study_folder import HOME_STORE, StudyFolder, study_folders
from gatebench.study import Study


@dataclass
class Rebuilt:
    """What was done to rebuild a database.

    Attributes:
        reason: the fault of the damaged database; None if there was none.
        kept: the new name of the damaged database; None if there was none.
        restored: {study: number of trials that went back into the spool}.
        problems: messages about journals and files that cannot be used.
    """

    reason: str | None = None
    kept: Path | None = None
    restored: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def rebuild(home: Home) -> Rebuilt:
    """Make a database with the studies of a home, and put the trials that it lacks back into the spool.

    A damaged database is kept under another name. Nothing is changed if the database has all trials. The process must
    not have used the database before: MLflow would go on with the connections to the damaged one.

    Args:
        home: the home. A drain brings the trials from its spool into the database afterwards.

    Raises:
        UserError: the home cannot be written to.
    """
    rebuilt = Rebuilt()
    if home.database.exists() and (reason := fault(home.database)) is not None:
        rebuilt.reason, rebuilt.kept = reason, set_aside(home.database)
    with readable_errors(home.tracking_uri):
        connect(home.tracking_uri)
    for study in study_folders(home):
        if study.store == HOME_STORE:
            _restore(home, study, rebuilt)
    return rebuilt


def _restore(home: Home, study: StudyFolder, rebuilt: Rebuilt) -> None:
    record = Record(home, study.study)
    if record.study_declaration() is None and study.declaration is not None:
        record.declare(Study.from_json(study.declaration))
    with readable_errors(record.uri):
        recorded = RunRequests(record).attempts()
    for folder in study.attempts():
        progress = Progress(folder.progress)
        if progress.steps.run is not None and folder.attempt not in recorded:
            progress.restart()  # its run was in the lost database
    restored = restore_attempts(study, recorded)
    rebuilt.problems += restored.problems
    if restored.attempts:
        rebuilt.restored[study.study] = restored.attempts
