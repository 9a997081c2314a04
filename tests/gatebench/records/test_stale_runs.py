import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.records import record as record_module
from gatebench.records.home import Home
from gatebench.records.owner import owner_of
from gatebench.records.spool.spool import Spool
from gatebench.records.stale_runs import LOST, close_stale_runs
from gatebench.trial import Trial
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU, MGU = trial("lstm"), trial("gru"), trial("mgu")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    _ = Record(home, "first").experiment_id
    return home


@pytest.fixture
def record(database: Home, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Record]:
    """A study of its own in a shared store, and a home of its own."""
    record = Record(Home(tmp_path / "mine"), request.node.name, database.tracking_uri)
    yield record
    record.interrupt("The test is over.")


def begin(record: Record, of: Trial, **tags: str) -> str:
    """Open the run of a trial with some more tags."""
    run: str = record.client.create_run(
        record.experiment_id, tags={"mlflow.source.name": "gatebench", "digest": of.digest, "cell_digest": "c", **tags}
    ).info.run_id
    return run


def state(record: Record, run: str) -> tuple[str, str | None]:
    found = record.client.get_run(run)
    return found.info.status, found.data.tags.get("status")


def test_reading_records_that_do_not_exist_creates_nothing(tmp_path: Path) -> None:
    assert close_stale_runs(Record(Home(tmp_path / "home"), "mine"), lambda name: True) == 0
    assert list(tmp_path.iterdir()) == []


def test_the_runs_of_dead_owners_are_lost_in_all_studies(record: Record) -> None:
    other = Record(record.home, f"{record.study} 2", record.uri)
    dead, far = begin(record, LSTM, owner="a"), begin(other, GRU, owner="a")
    alive, unknown = begin(record, GRU, owner="b"), begin(record, MGU, owner="c")
    known = {"a": True, "b": False, "c": None}
    assert close_stale_runs(record, known.__getitem__) == 2
    assert state(record, dead) == state(record, far) == ("KILLED", "lost")
    assert record.client.get_run(dead).data.tags["sentence"] == LOST
    assert state(record, alive) == state(record, unknown) == ("RUNNING", None)
    assert close_stale_runs(record, known.__getitem__) == 0


def test_an_attempt_in_the_spool_stays_open_because_the_drain_brings_its_outcome(record: Record) -> None:
    spool = Spool(record.home, record.study, record.uri)
    with owner_of(record.home) as owner:
        spool.begin(LSTM, "0" * 12, owner, 1.0)
        spool.end("0" * 12, outcome(LSTM))
    spooled = begin(record, LSTM, owner="d", attempt="0" * 12)
    gone = begin(record, GRU, owner="d", attempt="1" * 12)
    assert close_stale_runs(record, lambda name: name == "d") == 1
    assert state(record, spooled) == ("RUNNING", None)
    assert state(record, gone) == ("KILLED", "lost")


def test_a_run_of_another_program_stays_open(record: Record) -> None:
    run = record.client.create_run(record.experiment_id, tags={"owner": "e", "home": record.home_mark}).info.run_id
    assert close_stale_runs(record, lambda name: name == "e") == 0
    assert state(record, run) == ("RUNNING", None)


def test_runs_of_earlier_versions_are_closed_if_they_are_of_this_home(record: Record, tmp_path: Path) -> None:
    mine, theirs = begin(record, LSTM, home=record.home_mark), begin(record, GRU, home="pod-7:/elsewhere")
    assert close_stale_runs(record, lambda name: None) == 1
    assert state(record, mine) == ("KILLED", "lost")
    assert state(record, theirs) == ("RUNNING", None)


def test_a_renamed_machine_closes_the_runs_in_the_file_of_its_home(
    database: Home, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside = Record(database, "renamed")
    before, elsewhere = begin(inside, LSTM, home=inside.home_mark), begin(record, GRU, home=record.home_mark)
    monkeypatch.setattr(record_module, "node", lambda: "another-name")
    assert close_stale_runs(inside, lambda name: None) == 1
    assert state(inside, before) == ("KILLED", "lost")
    assert close_stale_runs(record, lambda name: None) == 0  # another machine may have a home with the same path
    assert state(record, elsewhere) == ("RUNNING", None)


def test_runs_of_an_earlier_version_that_still_runs_stay_open(record: Record) -> None:
    run = begin(record, LSTM, home=record.home_mark)
    record.home.root.mkdir(parents=True)
    with (record.home.root / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert close_stale_runs(record, lambda name: None) == 0
        assert state(record, run) == ("RUNNING", None)
    assert close_stale_runs(record, lambda name: None) == 1
