"""The runs that dead processes have left open in MLflow."""

import fcntl
import os
import time
from collections.abc import Callable, Mapping

from gatebench.records.mlflow_client import (  # before mlflow: it sets MLflow up
    readable_errors,
    search_runs,
    short_timeouts,
)

# isort: split
from mlflow.entities import RunTag

from gatebench.records import mlflow_entry
from gatebench.records.address import sqlite_file
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.records.spool.study_folder import study_folders

LOST = "The process that ran the trial ended before the trial did."


def close_stale_runs(record: Record, is_dead: Callable[[str], bool | None]) -> int:
    """Close the runs of dead owners in all studies of the store with the status "lost", and return their number.

    A run of a live owner stays open, and so does a run of an attempt that is in the spool of this home: the drain
    brings its outcome. Runs of earlier versions have no owner. They are closed if they belong to this home, and no
    process of an earlier version uses it.

    Args:
        record: the records.
        is_dead: returns whether the owner of a name has ended; None if that is unknown.

    Raises:
        UserError: the records cannot be used.
    """
    file = sqlite_file(record.uri)
    if file is not None and not file.exists():
        return 0
    with short_timeouts(), readable_errors(record.uri):
        studies = [experiment.experiment_id for experiment in record.client.search_experiments()]
        running = search_runs(record.client, studies, "attributes.status = 'RUNNING'")
        trials = [run for run in running if mlflow_entry.is_trial_run(run.data.tags)]
        stale = [run for run in trials if _is_stale(run.data.tags, record, is_dead)]
        spooled = _attempts_in_spool(record.home) if stale else set()
        lost = [run.info.run_id for run in stale if run.data.tags.get("attempt") not in spooled]
        tags = [RunTag("status", "lost"), RunTag("sentence", LOST)]
        for run in lost:
            record.client.log_batch(run, tags=tags)
            record.client.set_terminated(run, mlflow_entry.STATES["lost"], int(time.time() * 1000))
    return len(lost)


def _is_stale(tags: Mapping[str, str], record: Record, is_dead: Callable[[str], bool | None]) -> bool:
    if "owner" in tags:
        return is_dead(tags["owner"]) is True
    return _is_of_home(tags.get("home", ""), record) and not _is_used_by_earlier_version(record.home)


def _is_of_home(tag: str, record: Record) -> bool:
    """Return whether the tag "home" of a run of an earlier version, "HOST:PATH", names this home.

    Only processes on this file system write to the sqlite file in the home. Its runs belong to this home although the
    machine has another name now. In other stores, another machine may have a home with the same path.
    """
    _, _, path = tag.partition(":")
    is_inside = sqlite_file(record.uri) == record.home.database.absolute()
    return tag == record.home_mark or (is_inside and path == str(record.home.root.absolute()))


def _is_used_by_earlier_version(home: Home) -> bool:
    """Return whether a process holds the lock that earlier versions held while they ran trials."""
    try:
        descriptor = os.open(home.root / ".lock", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _attempts_in_spool(home: Home) -> set[str]:
    return {attempt.attempt for folder in study_folders(home) for attempt in folder.attempts()}
