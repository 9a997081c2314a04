import math
import re
import sqlite3
from contextlib import closing
from math import nan
from pathlib import Path
from typing import Any

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.records.run_content import RunContent
from gatebench.records.spool.run_requests import RunRequests
from gatebench.records.spool.sqlite_requests import SqliteRequests, requests_of
from tests.gatebench.records.spool.attempts import FIRST, SECOND
from tests.gatebench.records.test_mlflow_model import CONTENT
from tests.launch.trials import trial

LSTM, GRU = trial("lstm"), trial("gru")
TABLES = [
    "experiments",
    "runs",
    "tags",
    "params",
    "metrics",
    "latest_metrics",
    "datasets",
    "inputs",
    "input_tags",
    "logged_models",
    "logged_model_tags",
    "logged_model_params",
    "logged_model_metrics",
]


def write(requests: RunRequests) -> list[str]:
    """Write a run with everything, twice, and a run that is open."""
    content = RunContent.of(LSTM, {"attempt": FIRST, "owner": "o"})
    run = requests.create(content, 5.0)
    model = requests.create_model(run, content)
    for _ in range(2):
        requests.open(run, content)
        requests.write_epochs(run, [Epoch("", n, 3, {"a/b": 0.5 * n, "nan": nan}, 7.0 - n) for n in range(3)])
        requests.write_epochs(run, [Epoch("", 1, 3, {"a/b": 9.0, "late": 1.0}, 99.0)])
        requests.write_files(run, {"gates.npz": b"gates", "pictures/curves.svg": b"<svg/>"})
        requests.write_model(run, model, content, CONTENT)
        requests.write_end(run, {"test/accuracy": 0.5, "best": nan}, {"status": "finished", "cell": "other"}, 9.0)
    requests.close(run, "FINISHED", 9.0)
    return [run, requests.create(RunContent.of(GRU, {"attempt": SECOND, "owner": "o"}), 6.0)]


def rows_of(record: Record) -> dict[str, list[str]]:
    """Return the rows of all tables, without random ids and the times of this test."""
    hidden = {"creation_timestamp_ms", "last_updated_timestamp_ms", "creation_time", "last_update_time"}
    with closing(sqlite3.connect(record.home.database)) as connection:
        runs = [run for (run,) in connection.execute("SELECT run_uuid FROM runs ORDER BY start_time")]

        def shown(row: dict[str, Any]) -> str:
            text = str({name: value for name, value in row.items() if name not in hidden})
            for number, run in enumerate(runs):
                text = text.replace(run, f"run{number}")
            return re.sub(r"[0-9a-f]{32}", "ID", text.replace(str(record.home.root), "HOME"))

        found = {}
        for table in TABLES:
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            rows = [dict(zip(names, row, strict=True)) for row in connection.execute(f"SELECT * FROM {table}")]
            found[table] = sorted(map(shown, rows))
    return found


def files_of(record: Record, runs: list[str]) -> dict[str, bytes]:
    files = {}
    for path in record.home.artifacts.rglob("*"):
        if path.is_file():
            name = str(path.relative_to(record.home.artifacts)).replace(runs[0], "run0")
            files[re.sub(r"m-[0-9a-f]{32}", "MODEL", name)] = path.read_bytes()
    return {name: content for name, content in files.items() if not name.endswith("MLmodel")}


def test_the_rows_and_files_are_those_that_mlflow_writes(tmp_path: Path) -> None:
    records = []
    for name in ("client", "sql"):
        (tmp_path / name).mkdir()
        records.append(Record(Home(tmp_path / name), "mine"))
    runs = [write(kind(record)) for kind, record in zip((RunRequests, SqliteRequests), records, strict=True)]
    client, sql = (rows_of(record) for record in records)
    assert sql == client
    assert len(client["metrics"]) == 3 * 2 + 2 + 2
    assert files_of(records[1], runs[1]) == files_of(records[0], runs[0])
    for record, (run, open_run) in zip(records, runs, strict=True):
        for requests in (RunRequests(record), requests_of(record)):
            assert requests.runs_of_attempt(FIRST) == [run]
            (found,) = requests.runs_of_trial(LSTM.digest)
            assert (found.run, found.attempt, found.owner, found.is_open, found.has_result) == (
                run,
                FIRST,
                "o",
                False,
                True,
            )
            (found,) = requests.runs_of_trial(GRU.digest)
            assert (found.run, found.is_open, found.has_result) == (open_run, True, False)
            assert requests.attempts() == {FIRST, SECOND}
            assert requests.find_model(run) is not None
    first, second = (record.outcomes() for record in records)
    assert [one.digest for one in first] == [one.digest for one in second]
    assert math.isnan(records[1].client.get_run(runs[1][0]).data.metrics["nan"])


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> RunRequests:
    return requests_of(Record(Home(tmp_path_factory.mktemp("home")), "mine"))


def test_one_attempt_may_be_in_two_studies_of_a_store(requests: RunRequests) -> None:
    """An archive of a study can be imported under another name."""
    other = requests_of(Record(requests._record.home, "other"))
    content = RunContent.of(LSTM, {"attempt": "e" * 12})
    first, second = requests.create(content, 5.0), other.create(content, 5.0)
    assert first != second
    assert [requests.runs_of_attempt("e" * 12), other.runs_of_attempt("e" * 12)] == [[first], [second]]
    assert requests.create(content, 5.0) == first


def test_a_run_that_is_gone_is_told(requests: RunRequests) -> None:
    run = requests.create(RunContent.of(LSTM, {"attempt": FIRST}), 5.0)
    requests.delete(run)
    for one in (run, "0" * 32):
        with pytest.raises(UserError, match="is not in the records any more"):
            requests.write_epochs(one, [Epoch("", 0, 1, {"a": 1.0}, 1.0)])
    assert requests.runs_of_attempt(FIRST) == []


@pytest.mark.parametrize("name", ["", "a'b", "x" * 251, "a\n", "a;b"])
def test_names_that_mlflow_does_not_allow_are_refused(requests: RunRequests, name: str) -> None:
    run = requests.create(RunContent.of(LSTM, {"attempt": SECOND}), 5.0)
    with pytest.raises(UserError, match="is not the name of a metric"):
        requests.write_epochs(run, [Epoch("", 0, 1, {name: 1.0}, 1.0)])
    with pytest.raises(UserError, match="is not the name of a file"):
        requests.write_files(run, {"../../x": b""})


def test_a_store_of_another_version_is_written_to_by_the_client(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine")
    assert isinstance(requests_of(record), SqliteRequests)
    with closing(sqlite3.connect(record.home.database)) as connection:
        connection.execute("ALTER TABLE runs ADD COLUMN later TEXT")
    assert not isinstance(requests_of(record), SqliteRequests)
    record.home.database.rename(record.home.root / "moved.db")
    with pytest.raises(OSError, match="unable to open database file"):
        SqliteRequests(record).runs_of_trial(LSTM.digest)
    assert not record.home.database.exists()
