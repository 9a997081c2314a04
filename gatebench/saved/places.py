"""Where the records of a study lie, and its outcomes."""

import os
from pathlib import Path

from gatebench.errors import UserError, unknown
from gatebench.outcome import Outcome
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from gatebench.study import Study


def record_of(study: str, home: str | Path | None, tracking_uri: str | None) -> Record:
    """Return the records of a study.

    Args:
        study: the name of the study.
        home: the home; None: $GATEBENCH_HOME, or else the folder `runs`.
        tracking_uri: the address of the records; None: $MLFLOW_TRACKING_URI, or else the sqlite file in the home.

    Raises:
        UserError: the home does not exist.
    """
    root = Path(home or os.environ.get("GATEBENCH_HOME") or "runs").expanduser().absolute()
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or None
    if uri is None and not root.is_dir():
        raise UserError(f"The home {root} does not exist; give home=… or set GATEBENCH_HOME to a folder with records.")
    return Record(Home(root), study, uri)


def outcomes_of(record: Record) -> list[Outcome]:
    """Return the outcomes of a study: those in the records, then those that wait in the spool of the home.

    Raises:
        UserError: there is no such study, it contains no trials, or the records cannot be read.
    """
    waiting = Spool(record.home, record.study, record.printable_uri).outcomes_by_attempt()
    recorded = record.outcomes_by_attempt()
    attempts = {attempt for attempt, _ in recorded}
    new = [outcome for attempt, outcome in waiting.items() if attempt not in attempts]
    outcomes = [*(outcome for _, outcome in recorded), *sorted(new, key=lambda one: one.when)]
    if not outcomes:
        names = list(record.study_pages())
        if record.study in names:
            raise UserError(f"The study {record.study!r} contains no trials yet; run them with gatebench sweep.")
        raise unknown("study", record.study, names, where="in these records")
    return outcomes


def declaration_of(record: Record) -> Study:
    """Return the declaration of a study; one that declares nothing if the records keep none."""
    return record.study_declaration() or Study(record.study)
