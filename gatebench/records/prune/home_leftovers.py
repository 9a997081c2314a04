"""The files in a home that nothing needs any more."""

import json
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from gatebench.records.home import Home
from gatebench.records.owner import dead_owners, is_dead
from gatebench.records.prune.deleted_runs import files_of_deleted_runs, journals_of_deleted_runs
from gatebench.records.prune.leftover import Leftover, leftovers
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_folder import study_folders

UNFINISHED_SECONDS = 3600.0
"""The age from which a file that was being written counts as abandoned. No process of the home runs then."""

_UNFINISHED = ("spool/*/open/.*.part", "spool/*/done/.*.part", "spool/*/*.part", "checkpoints/*.part", "owners/*.new")


def live_owner(home: Home) -> str | None:
    """Return the process that uses the home, for messages: "HOST, process 12"; None if none does."""
    for file in sorted((home.root / "owners").glob("*.lock")):
        if is_dead(home, file.stem) is False:
            return _label(file)
    lock = home.root / ".lock"
    if lock.is_file():
        try:
            with FileLock(lock, timeout=0, fallback_to_soft=False):
                return None
        except Timeout:
            return lock.read_text(encoding="utf-8", errors="replace").strip()[:80] or "another process"
    return None


def home_leftovers(home: Home, finished: Collection[str], with_weights: Collection[str]) -> Iterator[Leftover]:
    """Yield the files in a home that no process uses.

    Args:
        home: the home.
        finished: the digests of the trials that have a result.
        with_weights: the digests of those whose weights are kept with their run.
    """
    yield from leftovers("files of runs that were deleted in MLflow", files_of_deleted_runs(home))
    yield from leftovers("journals of runs that were deleted in MLflow", journals_of_deleted_runs(home))
    yield from leftovers("checkpoints of finished trials", _checkpoints(home, finished, with_weights))
    yield from leftovers("cached data, which the next trial makes again", (home.root / "cache").glob("*"))
    yield from leftovers("files that killed processes were writing", _unfinished(home))


def dead_owner_files(home: Home) -> Iterator[Leftover]:
    """Yield the files of dead owners. Those that still have open attempts in the spool are left out."""
    owners = set(dead_owners(home)) - _owners_of_open_attempts(home)
    yield from leftovers("lock files of killed processes", [home.root / "owners" / f"{name}.lock" for name in owners])


def _checkpoints(home: Home, finished: Collection[str], with_weights: Collection[str]) -> Iterator[Path]:
    """Yield the checkpoints of finished trials. A checkpoint that alone has the weights of a trial is left out."""
    folder = home.root / "checkpoints"
    yield from (folder / f"{digest}.checkpoint" for digest in finished)
    yield from (folder / digest for digest in finished if digest in with_weights)


def _unfinished(home: Home) -> Iterator[Path]:
    newest = time.time() - UNFINISHED_SECONDS
    for pattern in _UNFINISHED:
        for path in home.root.glob(pattern):
            if path.lstat().st_mtime < newest:
                yield path


def _owners_of_open_attempts(home: Home) -> set[str]:
    spools = [Spool(home, study.study, study.store) for study in study_folders(home)]
    return {running.owner for spool in spools for running in spool.running()}


def _label(file: Path) -> str:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return f"{content['host']}, process {content['process']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
