from collections.abc import Iterator
from pathlib import Path

import pytest

from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.owner import Owner, owner_of
from gatebench.records.record import Record
from gatebench.records.run_content import RunContent
from gatebench.records.spool.run_requests import RunRequests
from gatebench.records.spool.spool import Spool
from launch.config.settings import Settings
from launch.running.open_trials import OpenTrials, open_trials
from tests.launch.trials import outcome, trial

LSTM, GRU, MGU = trial("lstm"), trial("gru"), trial("mgu")


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[Owner]:
    with owner_of(Home(tmp_path)) as one:
        yield one


def test_without_a_home_nothing_runs_and_nothing_is_made(tmp_path: Path) -> None:
    assert open_trials(Settings(home=str(tmp_path / "home")), "mine") == OpenTrials((), 0, None)
    assert list(tmp_path.iterdir()) == []


def test_the_trials_of_living_processes_of_this_home_and_of_the_store(tmp_path: Path, owner: Owner) -> None:
    home, settings = Home(tmp_path), Settings(home=str(tmp_path))
    spool = Spool(home, "mine", home.tracking_uri)
    spool.begin(LSTM, "1" * 12, owner, 5.0)
    spool.epoch("1" * 12, Epoch(LSTM.digest, 1, 3, {"train/loss": 1.0, "val/accuracy": 0.25}))
    spool.begin(GRU, "2" * 12, Owner("d" * 12, "host", 1), 4.0)  # a process that has died
    requests = RunRequests(Record(home, "mine"))
    for one, when in ((MGU, 6.0), (LSTM, 5.0)):  # as the drain does
        content = RunContent.of(one, {})
        requests.open(requests.create(content, when), content)
    found = open_trials(settings, "mine")
    assert [(run.digest, run.epochs, run.most_epochs, run.score) for run in found.runs] == [
        (LSTM.digest, 2, 3, 0.25),
        (MGU.digest, 0, 3, None),
    ]
    assert found.digests == {LSTM.digest, MGU.digest}
    assert (found.waiting, found.problem) == (0, None)
    spool.end("1" * 12, outcome(LSTM))
    assert open_trials(settings, "mine").waiting == 1


def test_a_store_that_cannot_be_read_is_a_problem_and_not_an_error(tmp_path: Path, owner: Owner) -> None:
    home, settings = Home(tmp_path), Settings(home=str(tmp_path))
    Spool(home, "mine", home.tracking_uri).begin(LSTM, "1" * 12, owner, 5.0)
    home.database.write_bytes(b"no database" * 100)
    found = open_trials(settings, "mine")
    assert found.digests == {LSTM.digest}
    assert "file is not a database" in str(found.problem)
