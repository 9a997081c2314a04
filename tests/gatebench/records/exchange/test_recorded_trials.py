from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.outcome import Epoch
from gatebench.records.exchange import recorded_trials as module
from gatebench.records.exchange.recorded_trials import recorded_trials
from gatebench.records.exchange.stored_trial import StoredTrial
from gatebench.records.home import Home
from gatebench.records.mlflow_entry import TRACEBACK
from tests.gatebench.records.exchange.weights import small_weights
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

LSTM, GRU, RNN = trial("lstm"), trial("gru"), trial("rnn_tanh")
FILES = {"gates.npz": b"gates", "pictures/cell.svg": b"<svg/>", "weights.safetensors": small_weights()}


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """Return a study with a failure and its repetition, a diverged trial, and a trial that runs."""
    record = Record(Home(tmp_path_factory.mktemp("home")), "mine")
    record.begin(GRU, 1000.0)
    record.end(GRU, outcome(GRU, "failed", facts={TRACEBACK: "Traceback: ü"}))
    record.begin(LSTM, 1001.0)
    for step in range(3):
        record.write(Epoch(LSTM.digest, step, 3, {"val/accuracy": step / 4, "gate/l0/f/mean": nan}, 1002.0 + step))
    done = outcome(LSTM, score=0.75, facts={"host": "here"}, files=FILES)
    record.end(LSTM, replace(done, metrics={**done.metrics, "gate/l0/f/mean": 0.5, "test/perplexity": inf}))
    record.begin(GRU, 1003.0)
    record.end(GRU, outcome(GRU, "diverged"))
    record.begin(GRU, 1004.0)
    record.end(GRU, outcome(GRU))
    record.begin(RNN, 1005.0)
    return record


@pytest.fixture(scope="module")
def trials(record: Record) -> dict[str, StoredTrial]:
    return {stored.digest: stored for stored in recorded_trials(record)}


def test_each_trial_that_has_ended_is_there_once(trials: dict[str, StoredTrial]) -> None:
    assert list(trials) == [GRU.digest, LSTM.digest]
    assert trials[GRU.digest].outcome.status == "diverged"  # the oldest result
    assert trials[GRU.digest].when == 1003.0


def test_the_outcome_is_that_of_the_records(record: Record, trials: dict[str, StoredTrial]) -> None:
    recorded = next(one for one in record.outcomes() if one.digest == LSTM.digest)
    assert replace(trials[LSTM.digest].outcome, when=recorded.when) == recorded
    assert recorded.metrics["test/perplexity"] == inf
    assert recorded.facts == {"host": "here"}


def test_the_epochs_are_those_of_the_records(trials: dict[str, StoredTrial]) -> None:
    epochs = trials[LSTM.digest].epochs
    assert [(epoch.epoch, epoch.total, epoch.metrics["val/accuracy"]) for epoch in epochs] == [
        (0, 3, 0.0),
        (1, 3, 0.25),
        (2, 3, 0.5),
    ]
    assert all(epoch.metrics["gate/l0/f/mean"] != epoch.metrics["gate/l0/f/mean"] for epoch in epochs)
    assert all(epoch.when > 0 for epoch in epochs)


def test_the_files_and_the_config_are_there(trials: dict[str, StoredTrial]) -> None:
    stored = trials[LSTM.digest]
    assert stored.files == FILES
    assert set(stored.run.files) == {"config.yaml", "equations.txt", "equations.tex"}
    assert stored.run.config["model"]["hidden_size"] == 4
    assert stored.run.params["model.hidden_size"] == "4"
    assert stored.run.dataset["name"] == "digits"


def test_no_user_and_no_folder_is_there(record: Record, trials: dict[str, StoredTrial]) -> None:
    text = repr([stored.to_json() for stored in trials.values()])
    assert "mlflow.user" not in text
    assert str(record.home.root) not in text


def test_what_is_read_passes_the_checks_of_an_import(trials: dict[str, StoredTrial]) -> None:
    for digest, stored in trials.items():
        assert StoredTrial.from_json(digest, stored.to_json(), stored.files).to_json() == stored.to_json()


def test_a_traceback_is_a_fact(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine")
    record.end(GRU, outcome(GRU, "failed", facts={TRACEBACK: "Traceback: ü"}))
    (failed,) = recorded_trials(record)
    assert failed.outcome.facts[TRACEBACK] == "Traceback: ü"


def test_a_config_that_expands_is_refused() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for n in range(8):
        text += f"b{n}: &b{n} [{', '.join(['*a' if n == 0 else f'*b{n - 1}'] * 10)}]\n"
    with pytest.raises(UserError, match="more than 1,048,576 characters"):
        module._config(text)
