"""Rows in an empty copy of MLflow's tables. `test_sqlite_requests` compares whole runs with those of MLflow."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from math import nan
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.spool.sqlite_rows import add_link, has_expected_columns, insert, write_metrics
from gatebench.records.sqlite_schema import create_tables

RUN = "0" * 32


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    create_tables(tmp_path / "mlflow.db")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as opened:
        yield opened


def test_a_table_with_another_column_is_noticed(connection: sqlite3.Connection) -> None:
    assert has_expected_columns(connection)
    connection.execute("ALTER TABLE metrics ADD COLUMN later TEXT")
    assert not has_expected_columns(connection)


def test_a_row_with_a_known_key_is_ignored_or_an_error(connection: sqlite3.Connection) -> None:
    rows = [{"key": "cell", "value": value, "run_uuid": RUN} for value in ("lstm", "gru")]
    insert(connection, "tags", rows, or_ignore=True)
    assert connection.execute("SELECT value FROM tags").fetchall() == [("lstm",)]
    with pytest.raises(sqlite3.IntegrityError):
        insert(connection, "tags", rows)


def test_the_latest_metric_is_that_of_the_last_step(connection: sqlite3.Connection) -> None:
    write_metrics(connection, RUN, [("loss", 0.5, 20, 2), ("loss", 0.9, 30, 1), ("tau", nan, 10, 0)])
    write_metrics(connection, RUN, [("loss", 0.7, 40, 1), ("loss", 0.1, 20, 2)])
    latest = "SELECT key, value, timestamp, step, is_nan FROM latest_metrics ORDER BY key"
    assert connection.execute(latest).fetchall() == [("loss", 0.5, 20, 2, 0), ("tau", 0.0, 10, 0, 1)]
    with pytest.raises(UserError, match=r"^'a;b' is not the name of a metric\.$"):
        write_metrics(connection, RUN, [("a;b", 1.0, 1, 1)])


def test_two_things_are_linked_once(connection: sqlite3.Connection) -> None:
    data, run = ("DATASET", "1"), ("RUN", RUN)
    assert add_link(connection, data, run) is not None
    assert add_link(connection, data, run) is None
    assert connection.execute("SELECT count(*) FROM inputs").fetchone() == (1,)
