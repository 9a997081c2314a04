from pathlib import Path

import pytest

from gatebench.counted import counted
from gatebench.records.home import Home
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import Report, StudyDrain, sentences
from tests.gatebench.records.spool.attempts import FIRST, OWNER, SECOND
from tests.gatebench.records.spool.fake_store import FakeClient, FakeRecord
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


def test_nothing_is_created_if_nothing_waits(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert StudyDrain(Record(home, "mine"), Spool(home, "mine", "home")).round()
    assert list(tmp_path.iterdir()) == []


def test_one_process_at_a_time_does_the_work(tmp_path: Path) -> None:
    home, client = Home(tmp_path), FakeClient()
    spool = Spool(home, "mine", "home")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    first, second = (StudyDrain(FakeRecord(home, client), spool) for _ in range(2))  # type: ignore[arg-type]
    first.round()
    requests = client.requests
    spool.end(FIRST, outcome(LSTM, when=9.0))
    assert (second.round(), second.busy) == (False, True)
    assert client.requests == requests
    first.close()
    assert (second.round(), second.busy) == (True, False)
    assert client.content()[0]["status"] == "FINISHED"


def test_a_server_is_sent_several_attempts_at_once(tmp_path: Path) -> None:
    home, client = Home(tmp_path), FakeClient()
    spool = Spool(home, "mine", "home")
    for number in range(10):
        spool.begin(trial("lstm", seed=number), f"{number:012x}", OWNER, 5.0)
        spool.end(f"{number:012x}", outcome(trial("lstm", seed=number), when=9.0))
    drain = StudyDrain(FakeRecord(home, client, "http://127.0.0.1:9"), spool)  # type: ignore[arg-type]
    assert drain.round()
    assert len(client.content()) == drain.report.recorded == 10


def test_an_experiment_of_another_program_is_a_problem(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record = Record(home, "mine")
    experiment = record.client.create_experiment("mine")
    record.client.create_run(experiment)
    spool = Spool(home, "mine", "home")
    spool.begin(LSTM, FIRST, OWNER, 5.0)
    drain = StudyDrain(Record(home, "mine"), spool)
    assert not drain.round()
    assert "belongs to another program" in str(drain.problem)


@pytest.mark.parametrize(("number", "text"), [(0, "0 trials"), (1, "1 trial"), (1200, "1,200 trials")])
def test_numbers_of_things(number: int, text: str) -> None:
    assert counted(number, "trial") == text


def test_the_problems_of_attempts_are_sentences() -> None:
    report = Report(1, {FIRST: "dropped"}, {SECOND: "Refused."}, ["A note."])
    assert sentences([report, Report()]) == ["A note.", "Refused."]
