import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

from gatebench.records import sqlite_schema
from gatebench.records.mlflow_client import connect
from gatebench.records.sqlite_schema import create_tables, repair_tables

CREATE = """
import sys
from gatebench.records.mlflow_client import connect
print("ready", flush=True)
sys.stdin.readline()
client = connect("sqlite:///" + sys.argv[1])
print("connected", flush=True)
client.create_run("0")
"""


def definition(file: Path) -> dict[str, list[str]]:
    """Return the words of the statement of each table and index, because MLflow's order of constraints is random."""
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, coalesce(sql, '') FROM sqlite_master").fetchall()
    return {name: sorted(sql.replace(",", " ").replace("(", " ").replace(")", " ").split()) for name, sql in rows}


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(query).fetchall()


def drivers(file: Path, count: int) -> list[subprocess.Popen[str]]:
    """Return processes that connect to the file as soon as they read a line."""
    command = [sys.executable, "-c", CREATE, str(file)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for driver in started:
        assert driver.stdout is not None
        assert driver.stdout.readline() == "ready\n"
    return started


def go_on(driver: subprocess.Popen[str]) -> None:
    assert driver.stdin is not None
    driver.stdin.write("\n")
    driver.stdin.flush()


def test_the_tables_are_those_that_mlflow_creates(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours.db", tmp_path / "theirs.db"
    create_tables(ours)
    SqlAlchemyStore(f"sqlite:///{theirs}", tmp_path.as_uri()).engine.dispose()
    assert definition(ours) == definition(theirs)
    for table in definition(ours):
        if rows(ours, f"SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '{table}'"):
            count = f"SELECT count(*) FROM {table}"
            assert rows(ours, count) == rows(theirs, count), table
    (version,) = rows(ours, "SELECT * FROM alembic_version")
    assert version == rows(theirs, "SELECT * FROM alembic_version")[0]
    assert rows(ours, "SELECT name, artifact_location FROM experiments") == [
        ("Default", f"{tmp_path.as_uri()}/artifacts/0")
    ]


def test_the_files_of_each_database_lie_beside_it(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        create_tables(tmp_path / name / "mlflow.db")
    for name in ("one", "other"):
        (location,) = rows(tmp_path / name / "mlflow.db", "SELECT artifact_location FROM experiments")
        assert location == (f"{(tmp_path / name).as_uri()}/artifacts/0",)


def test_a_file_with_tables_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    create_tables(file)
    before = file.read_bytes()
    create_tables(file)
    assert not repair_tables(file)
    assert file.read_bytes() == before


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.touch()
    assert connect(f"sqlite:///{file}").get_experiment("0").name == "Default"


def test_a_process_stopped_between_two_statements_leaves_no_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(connection: sqlite3.Connection, statements: list[str]) -> None:
        for statement in statements[:70]:
            connection.execute(statement)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sqlite_schema, "_execute", stop)
        with pytest.raises(KeyboardInterrupt):
            create_tables(tmp_path / "mlflow.db")
    assert definition(tmp_path / "mlflow.db") == {}


KILLED = """
import os, signal, sys
from contextlib import closing
from sqlite3 import connect
from sqlalchemy import event
from sqlalchemy.engine import Engine
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

@event.listens_for(Engine, "after_cursor_execute")
def kill(*arguments):
    with closing(connect(sys.argv[1])) as connection:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] >= 60:
            os.kill(os.getpid(), signal.SIGKILL)

SqlAlchemyStore(f"sqlite:///{sys.argv[1]}", "x")
"""


def half_created(file: Path) -> None:
    """Kill a process in which MLflow creates the tables in the file, as earlier versions of gatebench let it do."""
    process = subprocess.run([sys.executable, "-c", KILLED, str(file)], stderr=subprocess.DEVNULL, check=False)
    assert process.returncode == -signal.SIGKILL


def test_a_file_that_an_earlier_version_left_half_created_is_repaired(tmp_path: Path) -> None:
    file, whole = tmp_path / "mlflow.db", tmp_path / "whole.db"
    half_created(file)
    create_tables(whole)
    assert 60 <= len(definition(file)) < len(definition(whole))
    assert connect(f"sqlite:///{file}").get_experiment("0").name == "Default"
    assert definition(file) == definition(whole)


def test_a_half_created_file_with_records_is_not_repaired(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    create_tables(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("DROP TABLE webhooks")
        connection.execute("INSERT INTO experiments (experiment_id, name, workspace) VALUES (7, 'mine', 'default')")
    before = file.read_bytes()
    assert not repair_tables(file)
    assert file.read_bytes() == before


def test_two_drivers_create_one_store(tmp_path: Path) -> None:
    pair = drivers(tmp_path / "mlflow.db", 2)
    for driver in pair:
        go_on(driver)
    for driver in pair:
        _, errors = driver.communicate(timeout=120)
        assert driver.returncode == 0, errors
    assert rows(tmp_path / "mlflow.db", "SELECT count(*) FROM runs") == [(2,)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_drivers_killed_at_random_moments_leave_a_store_that_works(tmp_path: Path, seed: int) -> None:
    file, wait = tmp_path / "mlflow.db", random.Random(seed)
    for driver in drivers(file, 2):
        go_on(driver)
        time.sleep(wait.uniform(0, 1.5))
        os.kill(driver.pid, signal.SIGKILL)
        driver.communicate()
    connect(f"sqlite:///{file}").create_run("0")
    assert rows(file, "PRAGMA integrity_check") == [("ok",)]
