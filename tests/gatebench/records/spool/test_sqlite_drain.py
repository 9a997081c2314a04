"""Drains to a sqlite file that are killed anywhere: a second drain leaves the tables as if nothing had happened."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from gatebench.records.home import Home
from gatebench.records.spool import study_drain as module
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.sqlite_requests import SqliteRequests
from gatebench.records.spool.study_drain import StudyDrain
from gatebench.records.spool.transfer import AttemptTransfer
from gatebench.records.sqlite_schema import create_tables
from tests.gatebench.records.spool.attempts import FIRST, SECOND, THIRD
from tests.gatebench.records.spool.fake_store import FakeClient, FakeRecord, Killed
from tests.gatebench.records.spool.test_sqlite_requests import TABLES
from tests.gatebench.records.spool.test_transfer import LSTM, fill
from tests.launch.trials import outcome

TIMES = {"creation_timestamp_ms", "last_updated_timestamp_ms", "input_uuid", "source_id", "dataset_uuid"}
METHODS = [
    "create",
    "open",
    "write_epochs",
    "write_files",
    "create_model",
    "write_model",
    "write_end",
    "close",
    "runs_of_trial",
]


class FileRecord(FakeRecord):
    """The records of a study in a sqlite file, without MLflow."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, FakeClient(), home.tracking_uri)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with MLflow's tables, and a spool with three attempts."""
    home = Home(tmp_path_factory.mktemp("template"))
    create_tables(home.database)
    with closing(sqlite3.connect(home.database)) as connection:
        command = (
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage) VALUES (?, ?, ?, ?)"
        )
        connection.execute(command, (1, "mine", "ARTIFACTS", "active"))
        connection.commit()
    fill(home)
    return home.root


def copied(template: Path, target: Path) -> Home:
    home = Home(Path(shutil.copytree(template, target)))
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("UPDATE experiments SET artifact_location = ?", (home.artifacts.as_uri(),))
        connection.commit()
    return home


@contextmanager
def drain_of(home: Home) -> Iterator[StudyDrain]:
    drain = StudyDrain(FileRecord(home), Spool(home, "mine", "home"))  # type: ignore[arg-type]
    try:
        yield drain
    finally:
        drain.close()


def content(home: Home) -> Any:
    """Return the rows of all tables and the files, without random ids and the times of this test."""
    found: dict[str, Any] = {}
    with closing(sqlite3.connect(home.database)) as connection:
        for table in TABLES:
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            rows = [dict(zip(names, row, strict=True)) for row in connection.execute(f"SELECT * FROM {table}")]
            shown = [{name: value for name, value in row.items() if name not in TIMES} for row in rows]
            found[table] = sorted(str(row).replace(str(home.root), "HOME") for row in shown)
    files = {path.relative_to(home.root): path for path in home.artifacts.rglob("*") if path.is_file()}
    times = b'"utc_time_created"'
    found["files"] = {
        str(name): [line for line in path.read_bytes().splitlines() if times not in line]
        for name, path in files.items()
    }
    return found


@pytest.fixture(scope="module")
def undisturbed(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = copied(template, tmp_path_factory.mktemp("undisturbed") / "home")
    with drain_of(home) as drain:
        assert drain.round()
    found = content(home)
    assert len(found["runs"]) == 3
    assert len(found["metrics"]) == 40 * 30 + 4 + 1
    assert len(found["logged_models"]) == 1
    assert len(found["files"]) == 3 * 3 + 3 + 2 + 1
    return found


@pytest.mark.parametrize(
    ("moment", "together"),
    [
        ("before", 50),
        ("after", 1),
        pytest.param("before", 1, marks=pytest.mark.slow),
        pytest.param("after", 50, marks=pytest.mark.slow),
    ],
)
def test_a_drain_that_is_killed_anywhere_leaves_the_same_tables(
    template: Path, tmp_path: Path, undisturbed: Any, monkeypatch: pytest.MonkeyPatch, moment: str, together: int
) -> None:
    calls, number, was_killed = 0, 0, True

    def killing(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            mine = calls - 1
            if mine == number and moment == "before":
                raise Killed
            answer = method(*arguments, **options)
            if mine == number and moment == "after":
                raise Killed
            return answer

        return call

    monkeypatch.setattr(module, "TOGETHER", together)
    for name in METHODS:
        monkeypatch.setattr(SqliteRequests, name, killing(getattr(SqliteRequests, name)))
    monkeypatch.setattr(AttemptTransfer, "settle", killing(AttemptTransfer.settle))
    while was_killed:
        home, calls, was_killed = copied(template, tmp_path / str(number)), 0, False
        try:
            with drain_of(home) as drain:
                drain.round()
        except Killed:
            was_killed = True
        calls = number + 1  # the second drain is not killed
        with drain_of(home) as drain:
            assert drain.round()
        assert content(home) == undisturbed, f"killed {moment} call {number}"
        number += 1
    assert number > 20


def test_an_attempt_that_is_refused_takes_nothing_back_of_the_others(
    template: Path, tmp_path: Path, undisturbed: Any
) -> None:
    home = copied(template, tmp_path / "home")
    spool = Spool(home, "mine", "home")
    journal = spool.folder.attempt(SECOND).journal
    whole = journal.read_bytes()
    journal.write_bytes(b"nonsense")
    with drain_of(home) as drain:
        assert not drain.round()
        assert list(drain.report.refused) == [SECOND]
        assert drain.report.recorded == 1
    journal.write_bytes(whole)
    with drain_of(home) as drain:
        assert drain.round()
    assert content(home) == undisturbed


def test_a_file_that_another_process_writes_to_is_a_problem_until_it_ends(
    template: Path, tmp_path: Path, undisturbed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatebench.records.spool.sqlite_requests._BUSY_SECONDS", 0.05)
    home = copied(template, tmp_path / "home")
    with drain_of(home) as drain:
        with closing(sqlite3.connect(home.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert not drain.round()
            assert "database is locked" in str(drain.problem)
        assert drain.round()
    assert content(home) == undisturbed


def test_a_deleted_run_and_a_lost_one(template: Path, tmp_path: Path) -> None:
    home = copied(template, tmp_path / "home")
    spool = Spool(home, "mine", "home")
    with drain_of(home) as drain:
        assert drain.round()
        requests = drain._requests
        assert requests is not None
        (run,) = requests.runs_of_attempt(THIRD)
        requests.delete(run)
        spool.folder.attempt(THIRD).end(outcome(LSTM, when=99.0), 0)
        assert not drain.round()
        drain._attempts[THIRD].next_try = 0.0
        assert drain.round()
        assert list(drain.report.dropped) == [THIRD]
        assert [requests.is_there(one) for one in (run, "0" * 32)] == [None, False]
        assert len(requests.runs_of_attempt(FIRST)) == 1


def test_a_missing_file_is_not_created(template: Path, tmp_path: Path) -> None:
    home = copied(template, tmp_path / "home")
    with drain_of(home) as drain:
        drain.round()
        home.database.unlink()
        Spool(home, "mine", "home").folder.attempt(THIRD).end(outcome(LSTM, when=99.0), 0)
        assert not drain.round()
        assert "unable to open database file" in str(drain.problem)
    assert not home.database.exists()
