"""The comparison of the records after a disturbed sweep with those of an undisturbed one."""

import csv
import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from tests.torture.checks import run_in_a_copy
from tests.torture.loads import STUDY
from tests.torture.place import Place, wait_until

_TABLE = ("table", f"study={STUDY}", "format=csv")
_TRIAL_RUNS = """
    SELECT runs.run_uuid, runs.status, digest.value
    FROM runs JOIN tags AS digest ON digest.run_uuid = runs.run_uuid AND digest.key = 'digest'
    WHERE runs.lifecycle_stage = 'active'
"""


@dataclass(frozen=True)
class Result:
    """What a complete sweep leaves.

    Attributes:
        table: the rows of the table without the columns with seconds, each row by column name.
        weights: {digest: SHA-256 of the weights}.
    """

    table: tuple[tuple[tuple[str, str], ...], ...]
    weights: tuple[tuple[str, str], ...]


def result(place: Place, database: Path) -> Result:
    """Check the records of a complete sweep and return its result.

    Raises:
        AssertionError: a trial is missing, was recorded twice, is still open, or has lost an epoch; or a process is
            left.
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        runs = connection.execute(_TRIAL_RUNS).fetchall()
        open_runs = [run for run, status, _ in runs if status in ("RUNNING", "SCHEDULED")]
        assert not open_runs, f"{len(open_runs)} runs are still open"
        finished = [(run, digest) for run, status, digest in runs if status == "FINISHED"]
        digests = [digest for _, digest in finished]
        assert sorted(set(digests)) == sorted(digests), "a trial was recorded twice"
        assert len(digests) == place.load.trials, f"{len(digests)} of {place.load.trials} trials are recorded"
        for run, _ in finished:
            _check_epochs(connection, run)
    models = _weights(place)
    weights = tuple(sorted((digest, models[run]) for run, digest in finished))
    assert wait_until(lambda: not place.processes(), 20), f"processes are left: {place.left()}"
    return Result(_table(place), weights)


def _check_epochs(connection: sqlite3.Connection, run: str) -> None:
    """Check that each epoch of each metric was written once."""
    query = "SELECT key, step, COUNT(*) FROM metrics WHERE run_uuid = ? GROUP BY key, step"
    steps: dict[str, set[int]] = {}
    for key, step, count in connection.execute(query, (run,)):
        assert count == 1, f"{key} was written {count} times for step {step}"
        steps.setdefault(key, set()).add(step)
    epochs = steps["val/accuracy"]
    assert epochs == set(range(len(epochs))), f"epochs are missing: {sorted(epochs)}"


def _weights(place: Place) -> dict[str, str]:
    """Return {id of a run: SHA-256 of its weights}.

    Raises:
        AssertionError: a run has two models.
    """
    found: dict[str, str] = {}
    for file in place.root.rglob("weights.safetensors"):
        description = file.with_name("MLmodel")
        if description.exists():  # a journal has no such file beside the weights
            run = json.loads(description.read_text(encoding="utf-8"))["run_id"]
            assert run not in found, f"the run {run} has two models"
            found[run] = _checksum(file.read_bytes())
    return found


def _checksum(weights: bytes) -> str:
    """Return the SHA-256 of the tensors. The header before them has its keys in any order."""
    length = int.from_bytes(weights[:8], "little")
    header = json.dumps(json.loads(weights[8 : 8 + length]), sort_keys=True)
    return hashlib.sha256(header.encode() + weights[8 + length :]).hexdigest()


def _table(place: Place) -> tuple[tuple[tuple[str, str], ...], ...]:
    text = run_in_a_copy(place, *_TABLE)
    lines = [line for line in text.splitlines() if "," in line]
    rows = csv.DictReader(StringIO("\n".join(lines)))
    return tuple(
        tuple(sorted((key, str(value)) for key, value in row.items() if "second" not in str(key))) for row in rows
    )
