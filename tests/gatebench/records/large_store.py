"""A store with many trials: one is recorded with MLflow, and its rows are copied with SQL for the others.

python -m tests.gatebench.records.large_store HOME STUDY 2000 25   makes one with 2,000 trials of 25 epochs
"""

import sqlite3
import sys
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from gatebench.outcome import Epoch
from gatebench.records import mlflow_entry
from gatebench.records.home import Home
from gatebench.trial import Model, Trial
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

GATES = {f"gate/l0/{role}/{statistic}": 0.25 for role in ("keep/f", "write/i") for statistic in ("mean", "left", "std")}


def trials_of(count: int) -> list[Trial]:
    """Return different trials: of five cells, ten hidden sizes, and as many seeds as it takes."""
    cells, sizes = ("lstm", "gru", "rnn_tanh", "mgu", "janet"), range(4, 14)
    kinds = [replace(trial(cell), model=Model(hidden_size=size)) for cell in cells for size in sizes]
    return [replace(kinds[number % len(kinds)], seed=number // len(kinds)) for number in range(count)]


def make_store(home: Home, study: str, trials: Sequence[Trial], epochs: int) -> None:
    """Record the trials with so many epochs."""
    first, *others = trials
    record = Record(home, study)
    ended = outcome(first)
    record.begin(first)
    for epoch in range(epochs):
        metrics = {"train/loss": 1.0 / (epoch + 1), "val/accuracy": epoch / epochs, "val/loss": 0.5, **GATES}
        record.write(Epoch(first.digest, epoch, epochs, metrics))
    record.end(first, outcome(first, metrics={**ended.metrics, **GATES}))
    with closing(sqlite3.connect(home.database)) as connection, connection:
        (run,) = connection.execute(
            "SELECT run_uuid FROM tags WHERE key='digest' AND value=?", (first.digest,)
        ).fetchone()
        for number, other in enumerate(others, 1):
            _copy_run(connection, run, uuid.uuid4().hex, other, number)


def _copy_run(connection: sqlite3.Connection, run: str, new: str, other: Trial, number: int) -> None:
    for table in ("runs", "tags", "params", "metrics", "latest_metrics"):
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join("?" if name == "run_uuid" else name for name in names)
        connection.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {values} FROM {table} WHERE run_uuid = ?", (new, run)
        )
    connection.execute("UPDATE runs SET start_time = start_time + ? WHERE run_uuid = ?", (number, new))
    cell = other.build_cell()
    changed = {"digest": other.digest, "seed": str(other.seed), "cell": cell.name, "cell_digest": cell.digest}
    for key, value in changed.items():
        connection.execute("UPDATE tags SET value = ? WHERE run_uuid = ? AND key = ?", (value, new, key))
    for key, value in mlflow_entry.params(other).items():
        connection.execute("UPDATE params SET value = ? WHERE run_uuid = ? AND key = ?", (value, new, key))
    connection.execute(
        "UPDATE latest_metrics SET value = ? WHERE run_uuid = ? AND key = 'test/accuracy'",
        (0.5 + (number * 37 % 100) / 1000, new),
    )


if __name__ == "__main__":
    folder, name, count, epochs_of_each = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    make_store(Home(Path(folder)), name, trials_of(int(count)), int(epochs_of_each))
