"""The faults that meet the files of a home."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

from tests.torture.place import Place


def damaged_database(place: Place, random: Random) -> None:
    """Cut the database of a finished or half-finished sweep, and rebuild it from the journals."""
    command = place.sweep()
    if random.random() < 0.5:
        place.await_moment(command, random, training=True)
        command.kill()
        place.wait_for_the_end(command)
    command.wait()
    database = place.home_folder / "mlflow.db"
    if database.exists():
        place.injected += _cut(database, random)
        for other in place.home_folder.glob("mlflow.db-*"):
            other.unlink()
    place.run("drain", "rebuild=true")


def lost_database(place: Place, random: Random) -> None:
    """Remove the database beside the artifacts, and rebuild it from the journals."""
    command = place.sweep()
    place.await_moment(command, random, training=True)
    command.kill()
    place.wait_for_the_end(command)
    for file in place.home_folder.glob("mlflow.db*"):
        file.unlink()
        place.injected |= 1
    place.run("drain", "rebuild=true")


def damaged_checkpoint(place: Place, random: Random) -> None:
    """Kill -9 the driver, and cut a checkpoint."""
    _kill_driver(place, random)
    _cut_one(place, random, _files(place, "checkpoints"))


def damaged_journal(place: Place, random: Random) -> None:
    """Kill -9 the driver, and cut a journal of a trial that had not ended."""
    _kill_driver(place, random)
    _cut_one(place, random, [file for file in _files(place, "spool") if _is_open(place, file)])


def full_disk(place: Place, random: Random) -> None:
    """Let no file grow beyond some size, so that writes fail as on a full disk."""
    blocks = random.randint(100, 2500)  # of 512 bytes; the sqlite file has about 1,000
    place.prefix = ("sh", "-c", f'ulimit -f {blocks}; trap "" XFSZ; exec "$@"', "sh")
    command = place.sweep()
    place.injected += command.wait() != 0
    place.prefix = ()
    place.wait_for_the_end(command)


def _kill_driver(place: Place, random: Random) -> None:
    command = place.sweep()
    place.await_moment(command, random, training=True)
    command.kill()
    place.wait_for_the_end(command)


def _files(place: Place, folder: str) -> list[Path]:
    """Return the files of a folder of the home that have content."""
    files = sorted((place.home_folder / folder).rglob("*"))
    return [file for file in files if file.is_file() and file.stat().st_size]


def _cut_one(place: Place, random: Random, files: list[Path]) -> None:
    if files:
        place.injected += _cut(random.choice(files), random)


def _is_open(place: Place, journal: Path) -> bool:
    """Return whether the trial of a journal has no finished run, so that a damaged journal loses no result."""
    database = place.home_folder / "mlflow.db"
    if not database.exists():
        return b'"outcome"' not in journal.read_bytes()
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        query = "SELECT value FROM tags JOIN runs USING (run_uuid) WHERE key = 'digest' AND status = 'FINISHED'"
        done = {digest for (digest,) in connection.execute(query)}
    return not any(digest in str(journal) for digest in done)


def _cut(file: Path, random: Random) -> bool:
    """Cut the end of a file off."""
    os.truncate(file, random.randrange(file.stat().st_size))
    return True
