import time
from math import inf, nan
from pathlib import Path

import pytest

from gatebench.outcome import Epoch
from gatebench.records.home import Home
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.record import Record
from gatebench.records.spool import drain as module
from gatebench.records.spool.drain import Drain
from gatebench.records.spool.spool import Spool
from tests.gatebench.records.spool.attempts import FIRST, OWNER, SECOND
from tests.gatebench.records.test_mlflow_model import CONTENT
from tests.launch.trials import outcome, trial

LSTM, GRU = trial("lstm"), trial("gru")


def test_trials_reach_the_records_while_others_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND_SECONDS", 0.05)
    home = Home(tmp_path)
    record, spool = Record(home, "mine"), Spool(home, "mine", home.tracking_uri)
    written = outcome(LSTM, facts={"backend": "native"}, files={WEIGHTS: CONTENT, "gates.npz": b"1"}, when=60.0)
    with Drain(record, spool, OWNER) as drain:
        spool.begin(LSTM, FIRST, OWNER, 5.0)
        spool.begin(GRU, SECOND, OWNER, 6.0)
        for epoch in range(50):
            values = {"val/accuracy": 0.1 * epoch, "train/loss": nan, "gate/l0/f/tau": inf}
            spool.epoch(FIRST, Epoch(LSTM.digest, epoch, 50, values, 10.0 + epoch))
        spool.end(FIRST, written)
        began = time.monotonic()
        while drain.waiting() and time.monotonic() < began + 60:
            time.sleep(0.05)
        assert drain.waiting() == 0
        assert [one.digest for one in record.outcomes()] == [LSTM.digest]
        assert [one.digest for one in spool.running()] == [GRU.digest]
        spool.end(SECOND, outcome(GRU, "failed", when=61.0))
    assert drain.left() is None
    assert drain.problem is None
    assert drain.report.recorded == 2
    read = record.outcomes()
    assert read == [outcome(LSTM, facts={"backend": "native"}), outcome(GRU, "failed")]
    assert record.curves("val/accuracy")[LSTM.digest] == pytest.approx([0.1 * epoch for epoch in range(50)])
    assert record.file(LSTM.digest, "gates.npz") == b"1"
    assert list(spool.folder.open.iterdir()) == []


def test_a_store_that_is_away_does_not_hinder_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND_SECONDS", 0.01)
    monkeypatch.setattr(module, "SECONDS_AT_THE_END", 0.5)
    home, address = Home(tmp_path), "http://me:secret@127.0.0.1:9"
    record, spool = Record(home, "mine", address), Spool(home, "mine", "http://127.0.0.1:9")
    with Drain(record, spool, OWNER) as drain:
        spool.begin(LSTM, FIRST, OWNER, 5.0)
        spool.end(FIRST, outcome(LSTM, when=9.0))
        began = time.monotonic()
        while drain.problem is None and time.monotonic() < began + 30:
            time.sleep(0.01)
        ending = time.monotonic()
    assert time.monotonic() - ending < 15
    assert drain.waiting() == 1
    left = str(drain.left())
    assert left.startswith("1 trial of the study 'mine' could not be recorded and waits in ")
    assert left.endswith("the server cannot be reached; bring them to the records with gatebench drain.")
    assert "secret" not in left
    assert spool.outcomes() == [outcome(LSTM, when=9.0)]
