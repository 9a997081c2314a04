"""The rows that the plugin writes into MLflow's tables. `test_server_requests` asks a real server."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from math import inf, nan
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow.entities import Metric
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from gatebench.records.epoch_batch import Point, as_body, read_body
from gatebench.records.epoch_endpoint import is_usable, write_rows
from gatebench.records.sqlite_schema import create_tables
from tests.gatebench.records.spool.attempts import forget_connections


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlAlchemyStore]:
    create_tables(tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    yield SqlAlchemyStore(uri, (tmp_path / "files").as_uri())
    forget_connections(uri)


def new_runs(store: SqlAlchemyStore, number: int) -> list[str]:
    experiment = store.create_experiment("mine")
    return [store.create_run(experiment, "me", 1, [], f"run {n}").info.run_id for n in range(number)]


def write(store: SqlAlchemyStore, run: str, points: Sequence[Point]) -> dict[str, str]:
    rows, refused = read_body(as_body({run: points}))
    return refused | write_rows(store, rows)


COLUMNS = "key, value, typeof(value), timestamp, step, is_nan"


def rows_of(store: SqlAlchemyStore, run: str) -> list[list[tuple[object, ...]]]:
    with closing(sqlite3.connect(store.db_uri.removeprefix("sqlite:///"))) as connection:
        return [
            connection.execute(
                f"SELECT {COLUMNS} FROM {table} WHERE run_uuid = ? ORDER BY key, timestamp, step, value", (run,)
            ).fetchall()
            for table in ("metrics", "latest_metrics")
        ]


PARTS: list[list[Point]] = [
    [(step, 1000 + step, {"a": 0.1 * step, "b/c": -1 / (step + 1), "nan": nan}) for step in range(40)],
    [(1, 99, {"a": 7.0, "late": 1.0}), (50, 1, {"a": 3.0})],
    [(50, 1, {"a": 3.0}), (50, 1, {"a": 4.0}), (50, 0, {"a": 9.0}), (2, 5, {"nan": 0.0})],
    [(3, 5, {"large": inf, "small": -inf, "whole": 3, "zero": -0.0})],
]


def test_the_rows_are_those_that_mlflow_writes(store: SqlAlchemyStore) -> None:
    ours, theirs = new_runs(store, 2)
    for part in [*PARTS, PARTS[0], PARTS[2]]:
        assert write(store, ours, part) == {}
        metrics = [Metric(key, value, when, step) for step, when, values in part for key, value in values.items()]
        store.log_batch(theirs, metrics, [], [])
    assert rows_of(store, ours) == rows_of(store, theirs)
    assert len(rows_of(store, ours)[0]) == 40 * 3 + 3 + 2 + 1 + 4


def test_a_run_that_is_missing_or_deleted_is_refused_and_the_others_are_written(store: SqlAlchemyStore) -> None:
    kept, deleted = new_runs(store, 2)
    store.delete_run(deleted)
    points = [(0, 5, {"a": 1.0})]
    rows, _ = read_body(as_body({kept: points, deleted: points, "0" * 32: points}))
    assert set(write_rows(store, rows)) == {deleted, "0" * 32}
    assert len(rows_of(store, kept)[0]) == 1
    assert rows_of(store, deleted) == [[], []]
    assert write_rows(store, {}) == {}


def test_a_store_that_is_not_known_is_not_written_to(store: SqlAlchemyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_usable(store)
    assert not is_usable(SimpleNamespace(db_type="sqlite"))
    monkeypatch.setattr(store, "db_type", "mysql")
    assert not is_usable(store)
