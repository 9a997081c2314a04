from pathlib import Path

from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.spool.spool import Spool
from launch.config.settings import Settings
from launch.running.search_past import past_trials
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU, MGU = trial("lstm"), trial("gru"), trial("mgu")
NAME = "val/accuracy"


def epochs(digest: str, *scores: float) -> list[Epoch]:
    return [Epoch(digest, number, 3, {NAME: score}, 1.0) for number, score in enumerate(scores)]


def test_the_epochs_are_those_in_the_store_and_in_the_spool(tmp_path: Path) -> None:
    home, settings = Home(tmp_path), Settings(home=str(tmp_path), study="mine")
    assert past_trials(settings).outcomes == {}
    assert past_trials(settings).curves(NAME) == {}
    record = Record(home, "mine")
    record.begin(LSTM)
    for epoch in epochs(LSTM.digest, 0.1, 1 / 3):
        record.write(epoch)
    record.end(LSTM, outcome(LSTM))
    spool = Spool(home, "mine", home.tracking_uri)
    for attempt, one in (("1" * 12, GRU), ("2" * 12, MGU)):
        spool.begin(one, attempt, Owner("a" * 12, "host", 1), 1.0)
        for epoch in epochs(one.digest, 0.7, 2 / 3):
            spool.epoch(attempt, epoch)
    spool.end("1" * 12, outcome(GRU))
    past = past_trials(settings)
    assert past.outcomes.keys() == {LSTM.digest, GRU.digest}
    assert past.curves(NAME) == {LSTM.digest: [0.1, 1 / 3], GRU.digest: [0.7, 2 / 3]}  # MGU still runs
