import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from gatebench.errors import UserError
from gatebench.records import moved_home
from gatebench.records.home import Home
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.moved_home import HOME_TAG, relocate
from tests.gatebench.records.test_mlflow_model import CONTENT
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with one trial. Its path has characters that addresses write in another way."""
    home = Home(tmp_path_factory.mktemp("homes") / "a home, 100 %")
    home.root.mkdir()
    record = Record(home, "mine")
    record.end(LSTM, outcome(LSTM, files={"note.txt": b"of a", WEIGHTS: CONTENT}))
    return home


@pytest.fixture
def copy(original: Home, tmp_path: Path) -> Home:
    """A copy of the home."""
    shutil.copytree(original.root, tmp_path / "b")
    return Home(tmp_path / "b")


def contents(home: Home) -> dict[str, bytes]:
    return {str(path.relative_to(home.root)): path.read_bytes() for path in home.root.rglob("*") if path.is_file()}


def addresses(home: Home) -> set[str]:
    """Return all texts in the database that contain an address of a file."""
    with closing(sqlite3.connect(home.database)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for table in tables for row in connection.execute(f"SELECT * FROM {table}").fetchall()]
    return {str(value) for row in rows for value in row if "file:" in str(value)}


def change(home: Home, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(home.database)) as connection, connection:
        connection.execute(statement, values)


def runs(record: Record) -> list[Run]:
    return list(record.client.search_runs([record.experiment_id]))


def test_a_copy_keeps_its_files_for_itself(original: Home, copy: Home) -> None:
    before = contents(original)
    record = Record(copy, "mine")
    assert record.file(LSTM.digest, "note.txt") == b"of a"
    record.end(GRU, outcome(GRU, files={"note.txt": b"of b", WEIGHTS: CONTENT}))
    Record(copy, "another").end(GRU, outcome(GRU))
    assert record.file(GRU.digest, "note.txt") == b"of b"
    assert {one.digest for one in record.outcomes()} == {LSTM.digest, GRU.digest}
    assert all(address.startswith(copy.root.as_uri()) for address in addresses(copy))
    assert len(addresses(copy)) >= 6
    assert contents(original) == before
    assert Record(original, "mine").file(LSTM.digest, "note.txt") == b"of a"


def test_a_home_that_was_moved_twice_finds_its_files(copy: Home, tmp_path: Path) -> None:
    for name in ("c", "d e"):
        copy.root.rename(tmp_path / name)
        copy = Home(tmp_path / name)
        assert Record(copy, "mine").file(LSTM.digest, "note.txt") == b"of a"
        assert all(address.startswith(copy.root.as_uri()) for address in addresses(copy))


def test_a_copy_of_a_home_of_an_earlier_version_follows(original: Home, copy: Home) -> None:
    change(copy, "DELETE FROM experiment_tags WHERE key = ?", HOME_TAG)
    assert relocate(copy) > 0
    assert all(address.startswith(copy.root.as_uri()) for address in addresses(copy))
    assert relocate(copy) == 0


def test_files_that_an_earlier_version_wrote_into_the_original_are_still_found(copy: Home, tmp_path: Path) -> None:
    old = Home(tmp_path / "a")
    shutil.copytree(copy.root, old.root)
    (run,) = runs(Record(old, "mine"))
    shutil.copy(old.database, copy.database)
    client = MlflowClient(copy.tracking_uri)
    left = client.create_run(run.info.experiment_id).info
    client.log_text(left.run_id, "of b", "note.txt")
    assert left.artifact_uri.startswith(old.root.as_uri())
    found = {one.info.run_id: one.info.artifact_uri for one in runs(Record(copy, "mine"))}
    assert found[left.run_id] == left.artifact_uri
    assert found[run.info.run_id].startswith(copy.root.as_uri())


def test_a_store_elsewhere_stays_as_it_is(original: Home, copy: Home, tmp_path: Path) -> None:
    shared = tmp_path / "shared.db"
    shutil.copy(original.database, shared)
    before = addresses(original)
    record = Record(copy, "mine", f"sqlite:///{shared}")
    assert record.file(LSTM.digest, "note.txt") == b"of a"
    with closing(sqlite3.connect(shared)) as connection:
        kept = {uri for (uri,) in connection.execute("SELECT artifact_uri FROM runs")}
    assert kept <= before


def test_studies_of_other_homes_in_this_file_stay_as_they_are(copy: Home, tmp_path: Path) -> None:
    far = Record(Home(tmp_path / "far"), "theirs", copy.tracking_uri)
    far.end(GRU, outcome(GRU, files={"note.txt": b"far"}))
    moved = Home(tmp_path / "moved")
    copy.root.rename(moved.root)
    assert Record(moved, "mine").file(LSTM.digest, "note.txt") == b"of a"
    assert Record(moved, "theirs").file(GRU.digest, "note.txt") == b"far"


def test_another_path_to_the_same_home_is_no_move(copy: Home, tmp_path: Path) -> None:
    relocate(copy)
    before = addresses(copy)
    (tmp_path / "link").symlink_to(copy.root)
    assert relocate(Home(tmp_path / "link")) == 0
    assert addresses(copy) == before


@pytest.mark.parametrize("address", ["s3://bucket/a", "file://far/artifacts/x", "relative/artifacts", "/a/../../etc"])
def test_other_addresses_stay(copy: Home, address: str) -> None:
    change(copy, "UPDATE runs SET artifact_uri = ?", address)
    relocate(copy)
    with closing(sqlite3.connect(copy.database)) as connection:
        assert connection.execute("SELECT DISTINCT artifact_uri FROM runs").fetchall() == [(address,)]


def test_a_move_is_made_as_a_whole_or_not_at_all(copy: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    before = addresses(copy)
    with monkeypatch.context() as patch:
        patch.setattr(moved_home, "HOME_TAG", None)  # the last statement of the transaction fails
        with pytest.raises(UserError, match="cannot be used: NOT NULL constraint failed"):
            relocate(copy)
    assert addresses(copy) == before
    assert relocate(copy) > 0
