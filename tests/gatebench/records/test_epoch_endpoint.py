"""The rows that the plugin writes into MLflow's tables. `test_server_requests` asks a real server."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from math import inf, nan
from types import SimpleNamespace
from urllib.parse import quote
from uuid import uuid4

import pytest
from mlflow.entities import Metric
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import text

from gatebench.records.epoch_batch import Point, as_body, read_body
from gatebench.records.epoch_endpoint import is_usable, write_rows
from gatebench.records.sqlite_schema import create_tables
from tests.gatebench.records.spool.attempts import forget_connections
from tests.launch.postgresql_server import PASSWORD, postgresql


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlAlchemyStore]:
    folder = tmp_path_factory.mktemp("store")
    with ExitStack() as stack:
        if request.param == "sqlite":
            create_tables(folder / "mlflow.db")
            uri = f"sqlite:///{folder / 'mlflow.db'}"
        else:
            port = stack.enter_context(postgresql())
            uri = f"postgresql://gatebench:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/postgres"
        yield SqlAlchemyStore(uri, (folder / "files").as_uri())
        forget_connections(uri)


def new_runs(store: SqlAlchemyStore, number: int) -> list[str]:
    experiment = store.create_experiment(uuid4().hex)
    return [store.create_run(experiment, "me", 1, [], f"run {n}").info.run_id for n in range(number)]


def write(store: SqlAlchemyStore, run: str, points: Sequence[Point]) -> dict[str, str]:
    rows, refused = read_body(as_body({run: points}))
    return refused | write_rows(store, rows)


def rows_of(store: SqlAlchemyStore, run: str) -> list[list[tuple[object, ...]]]:
    """Return the rows of a run in the tables of metrics and of latest metrics, with the type of each value."""
    columns = "key, value, timestamp, step, is_nan"
    found = []
    with store.engine.connect() as connection:
        for table in ("metrics", "latest_metrics"):
            rows = connection.execute(text(f"SELECT {columns} FROM {table} WHERE run_uuid = :run"), {"run": run})
            found.append(sorted((*row, type(row.value).__name__) for row in rows))
    return found


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
