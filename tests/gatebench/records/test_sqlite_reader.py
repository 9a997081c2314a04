import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from math import inf, nan
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.home import Home
from gatebench.records.open_run import OpenRun
from gatebench.records.sqlite_reader import SqliteReader
from gatebench.study import Study
from tests.gatebench.records.large_store import make_store, trials_of
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a database: making one takes a second."""
    folder = tmp_path_factory.mktemp("home")
    Record(Home(folder), "first").end(GRU, outcome(GRU))
    return Home(folder)


@pytest.fixture
def record(home: Home, request: pytest.FixtureRequest) -> Iterator[Record]:
    """A study of its own in the shared home."""
    study = Record(home, request.node.name)
    yield study
    study.interrupt("The test is over.")


def read(record: Record) -> list[Outcome]:
    """Return the outcomes that the reader finds, after a comparison with those of the record."""
    reader, record = SqliteReader(record.home.database), through_mlflow(record)
    assert reader.study_declaration(record.study) == record.study_declaration()
    declaration, attempts = reader.read(record.study)
    assert declaration == record.study_declaration()
    found, expected = reader.outcomes(record.study), record.outcomes()
    assert repr(found) == repr(expected)  # NaN is not equal to itself
    assert [(attempt, repr(one)) for attempt, one in attempts] == [
        (attempt, repr(one)) for attempt, one in record.outcomes_by_attempt()
    ]
    return found


def through_mlflow(record: Record) -> Record:
    """Return the record of the same study that reads through MLflow."""
    slow = Record(record.home, record.study)
    vars(slow)["_reader"] = None  # where `cached_property` keeps its value
    return slow


def client(record: Record) -> MlflowClient:
    return MlflowClient(tracking_uri=record.uri)


def test_a_study_that_does_not_exist_has_nothing(record: Record) -> None:
    assert read(record) == []


def test_outcomes_with_all_their_parts(record: Record) -> None:
    record.declare(Study(record.study, "Why?", "lstm", ("lstm", "gru"), {"a": ("gru",)}, "paired", ("accuracy",)))
    metrics = {"test/accuracy": 0.9, "best/val/accuracy": 0.1 + 0.2, "gate/l0/f/mean": 1 / 3, "seconds": 1e-300}
    record.begin(LSTM, when=5.0)
    for epoch in range(3):
        record.write(Epoch(LSTM.digest, epoch, 3, {"val/accuracy": 0.1 * epoch, "gate/l0/f/mean": 0.5, "train/x": 1}))
    record.end(LSTM, outcome(LSTM, metrics=metrics, facts={"backend": "native", "versions": "ä\n'\""}))
    record.begin(GRU, when=2.0)
    record.end(GRU, outcome(GRU, "failed", sentence="It broke."))
    found = read(record)
    assert [one.digest for one in found] == [GRU.digest, LSTM.digest]
    assert found[1].metrics == metrics


@pytest.mark.parametrize("status", ["diverged", "refused", "failed", "interrupted", "lost"])
def test_every_status(record: Record, status: str) -> None:
    record.end(LSTM, outcome(LSTM, status))  # type: ignore[arg-type]
    assert [one.status for one in read(record)] == [status]


def test_infinite_metrics_and_nan(record: Record) -> None:
    metrics = {"a": inf, "b": -inf, "c": nan, "d": sys.float_info.max, **{f"gate/l0/f/tau/{n}": inf for n in range(60)}}
    record.end(LSTM, outcome(LSTM, metrics=metrics))
    (found,) = read(record)
    assert found.metrics["a"] == inf
    assert found.metrics["b"] == -inf
    assert found.metrics["c"] != found.metrics["c"]


def test_runs_of_other_programs_deleted_runs_and_running_ones_are_no_outcomes(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    record.end(LSTM, outcome(LSTM, score=0.9))
    record.end(GRU, outcome(GRU))
    other = client(record).create_run(record.experiment_id, tags={"digest": "x", "cell_digest": "y"})
    client(record).set_terminated(other.info.run_id)
    deleted = client(record).search_runs([record.experiment_id], f"tags.digest = '{GRU.digest}'")[0]
    client(record).delete_run(deleted.info.run_id)
    record.begin(trial("mgu"))
    assert [(one.digest, one.metrics["test/accuracy"]) for one in read(record)] == [
        (LSTM.digest, 0.5),
        (LSTM.digest, 0.9),
    ]


def test_runs_that_began_at_the_same_time_have_the_same_order(record: Record) -> None:
    for seed in range(6):
        record.begin(trial(seed=seed), when=7.0)
        record.end(trial(seed=seed), outcome(trial(seed=seed)))
    assert len(read(record)) == 6


def test_records_of_earlier_versions(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    run = client(record).search_runs([record.experiment_id])[0].info.run_id
    for tag in ("metrics", "metric", "chance", "status"):
        client(record).delete_tag(run, tag)
    assert [(one.metric, one.status) for one in read(record)] == [(None, "failed")]


def test_a_changed_tag_is_the_same_error(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    run = client(record).search_runs([record.experiment_id])[0].info.run_id
    client(record).set_tag(run, "seed", "abc")
    with pytest.raises(UserError) as expected:
        through_mlflow(record).outcomes()
    with pytest.raises(UserError) as found:
        SqliteReader(record.home.database).outcomes(record.study)
    assert str(found.value) == str(expected.value)


def test_a_deleted_study_is_the_same_error(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    client(record).delete_experiment(record.experiment_id)
    reader = SqliteReader(record.home.database)
    for ask in (reader.outcomes, reader.study_declaration, reader.open_runs):
        with pytest.raises(UserError, match="was deleted in MLflow; restore it"):
            ask(record.study)
    assert record.study not in reader.study_names()


def test_the_names_of_the_studies_are_those_of_the_record(home: Home) -> None:
    for name in ("one", "two"):
        Record(home, name).declare(Study(name))
    foreign = client(Record(home, "two"))
    foreign.set_terminated(foreign.create_run(foreign.create_experiment("foreign")).info.run_id)
    names = SqliteReader(home.database).study_names()
    assert names == list(Record(home, "two").study_pages())
    assert names[:2] == ["two", "one"]
    assert "foreign" not in names


def test_a_study_without_a_declaration_is_found_by_its_runs(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    with closing(sqlite3.connect(record.home.database)) as connection, connection:
        connection.execute("DELETE FROM experiment_tags WHERE experiment_id = ?", (record.experiment_id,))
    assert read(record) == [outcome(LSTM)]
    assert record.study in SqliteReader(record.home.database).study_names()


def test_open_runs_have_their_progress(record: Record) -> None:
    record.begin(LSTM, when=3.0)
    record.begin(GRU, when=4.0)
    record.write(Epoch(LSTM.digest, 0, 3, {"train/loss": 2.0, "val/accuracy": 0.25}))
    record.write(Epoch(LSTM.digest, 1, 3, {"train/loss": 1.0, "val/accuracy": 0.5}))
    lstm, gru = SqliteReader(record.home.database).open_runs(record.study)
    assert [lstm, gru] == through_mlflow(record).open_runs()
    assert lstm == OpenRun(LSTM.digest, "lstm · digits · seed 0", lstm.attempt, lstm.owner, 3.0, 2, 3, "accuracy", 0.5)
    assert (gru.digest, gru.epochs, gru.score) == (GRU.digest, 0, None)


def test_colours_and_curves_are_those_of_mlflow(record: Record) -> None:
    reader, slow = SqliteReader(record.home.database), through_mlflow(record)
    record.begin(LSTM, when=3.0)
    for epoch, value in ((0, 0.5), (2, nan), (3, 0.25)):
        record.write(Epoch(LSTM.digest, epoch, 4, {"val/accuracy": value}))
    record.end(LSTM, outcome(LSTM))
    record.end(GRU, outcome(GRU))
    record.begin(trial("mgu"))
    assert repr(reader.curves(record.study, "val/accuracy", 9)) == repr(slow.curves("val/accuracy"))
    assert repr(slow.curves("val/accuracy")[LSTM.digest]) == "[0.5, nan, nan, 0.25]"
    for seed in (1, 2):
        record.begin(trial(seed=seed), when=float(seed))
        record.write(Epoch(trial(seed=seed).digest, 0, 4, {"val/accuracy": 1.0}))
        record.end(trial(seed=seed), outcome(trial(seed=seed)))
    assert list(reader.curves(record.study, "val/accuracy", 2)) == [trial(seed=2).digest, LSTM.digest]
    assert record.colours([]) == through_mlflow(record).colours([])
    pairs = reader.tag_pairs(record.study, "cell", "mlflow.runColor")
    assert dict(pairs).keys() == {"lstm", "gru", "mgu"}


def test_a_report_is_found_like_by_mlflow(record: Record) -> None:
    reader = SqliteReader(record.home.database)
    assert not reader.has_report(record.study)
    record.end(LSTM, outcome(LSTM))
    assert not reader.has_report(record.study)
    assert not record.has_report()
    record.write_report("A table.", {})
    assert reader.has_report(record.study)
    assert record.has_report()


def test_an_empty_database_has_no_studies(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").touch()
    reader = SqliteReader(tmp_path / "mlflow.db")
    assert (reader.study_names(), reader.read("mine"), reader.open_runs("mine")) == ([], (None, []), [])
    assert (reader.tag_pairs("mine", "a", "b"), reader.curves("mine", "a", 1)) == ([], {})
    assert not reader.has_report("mine")


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        ("CREATE TABLE other (a)", "another schema"),
        ("CREATE TABLE experiments (experiment_id, name)", "another schema"),
    ],
)
def test_a_schema_that_is_not_known_is_one_sentence(statement: str, text: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as connection, connection:
        connection.execute(statement)
    with pytest.raises(UserError, match=text):
        SqliteReader(tmp_path / "mlflow.db").read("mine")


def test_a_file_that_is_no_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)
    with pytest.raises(UserError, match="cannot be used: file is not a database"):
        SqliteReader(tmp_path / "mlflow.db").outcomes("mine")


def test_reading_writes_nothing_and_needs_no_permission_to_write(record: Record) -> None:
    record.end(LSTM, outcome(LSTM))
    before = {path: path.stat().st_mtime_ns for path in record.home.root.rglob("*")}
    record.home.database.chmod(0o444)
    try:
        SqliteReader(record.home.database).read(record.study)
    finally:
        record.home.database.chmod(0o644)
    assert {path: path.stat().st_mtime_ns for path in record.home.root.rglob("*")} == before


def test_a_file_may_have_any_name(home: Home, tmp_path: Path) -> None:
    file = tmp_path / "a?mode=rwc#b%20 c.db"
    file.write_bytes(home.database.read_bytes())
    assert SqliteReader(file).outcomes("first") == [outcome(GRU)]


def test_mlflow_and_sqlalchemy_are_not_imported(home: Home) -> None:
    code = (
        "import sys; from pathlib import Path; from gatebench.records.sqlite_reader import SqliteReader; "
        f"assert SqliteReader(Path({str(home.database)!r})).outcomes('first'); "
        "sys.exit(bool({'mlflow', 'sqlalchemy', 'torch', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_store_with_many_epochs_is_read_in_a_fraction_of_the_time_of_mlflow(tmp_path: Path) -> None:
    make_store(Home(tmp_path), "large", trials_of(200), epochs=25)
    record, reader = through_mlflow(Record(Home(tmp_path), "large")), SqliteReader(Home(tmp_path).database)
    record.study_declaration()
    started = time.process_time()
    expected = record.outcomes()
    slow, started = time.process_time() - started, time.process_time()
    assert reader.outcomes("large") == expected
    assert len(expected) == 200
    assert time.process_time() - started < slow / 3
