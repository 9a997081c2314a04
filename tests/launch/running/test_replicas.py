import os
import signal
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
import torch

from gatebench.control import Control
from gatebench.errors import UserError
from gatebench.machine import turns
from gatebench.outcome import Epoch, Outcome
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.trial import Model, Training, Trial
from launch.running import preemption
from launch.running.replicas import FACT, NO_MEMORY
from tests.gatebench.training.sign import LSTM, TRIAL
from tests.launch.trials import outcome
from tests.side_by_side import alone, assert_same, runner, together

SIGN = {"_target_": "tests.gatebench.training.sign.Sign"}
TRAINING = Training(max_epochs=3, learning_rate=0.03, batch_size=32, patience=0)
REPLICAS = {
    "a seed": Trial(LSTM, SIGN, Model(8, dropout=0.3, num_layers=2), TRAINING, seed=1),
    "another seed": Trial(LSTM, SIGN, Model(8, dropout=0.3, num_layers=2), TRAINING, seed=2),
    "another learning rate": Trial(LSTM, SIGN, Model(8), replace(TRAINING, learning_rate=0.1)),
    "an ablation": Trial(
        {"name": "lstm_no_input", "base": "lstm", "ablate": {"i": {"fix": 1}}}, SIGN, Model(8), TRAINING
    ),
    "one that stops early": Trial(LSTM, SIGN, Model(8), replace(TRAINING, learning_rate=1e-9, patience=1)),
    "one that diverges": Trial(
        {"name": "rnn_relu", "base": "rnn_relu"},
        SIGN,
        Model(8),
        replace(TRAINING, optimizer="sgd", learning_rate=1000.0, gradient_clip=0.0),
    ),
    "other noise": Trial(LSTM, SIGN, Model(8), replace(TRAINING, weight_noise=0.1, input_noise=0.1)),
    "another backend": Trial(LSTM, SIGN, Model(8), replace(TRAINING, backend="native")),
}


@pytest.fixture(autouse=True)
def no_sigterm() -> Iterator[None]:
    yield
    preemption._received.clear()


def test_each_trial_has_the_result_that_it_has_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = list(REPLICAS.values())
    ends = together(trials, runner(tmp_path), monkeypatch)
    statuses = {}
    for (name, trial), (end, epochs) in zip(REPLICAS.items(), ends, strict=True):
        assert end.outcome is not None
        assert_same(alone(trial, tmp_path), (end.outcome, epochs))
        assert end.outcome.facts[FACT] == str(len(trials))
        statuses[name] = end.outcome.status, len(epochs)
    assert statuses.pop("one that diverges") == ("diverged", 1)
    assert statuses.pop("one that stops early") == ("finished", 2)
    assert set(statuses.values()) == {("finished", 3)}


def test_a_trial_alone_has_no_thread_and_no_fact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((end, _),) = together([TRIAL], runner(tmp_path), monkeypatch)
    assert end.outcome is not None
    assert end.outcome.status == "finished"
    assert FACT not in end.outcome.facts


def test_trials_run_at_the_same_time_and_none_stops_another(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [replace(TRIAL, seed=seed) for seed in range(4)]

    def run(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
        for _ in range(3):
            assert not control.should_stop()
        if trial.seed == 1:
            raise UserError("There is no file.")
        if trial.seed == 2:
            raise ValueError("Shapes differ.")
        return outcome(trial, facts={"threads": str(torch.get_num_threads())})

    ends = [end.outcome for end, _ in together(trials, run, monkeypatch)]
    assert [(one.status, one.sentence) for one in ends if one] == [
        ("finished", ""),
        ("failed", "There is no file."),
        ("failed", "ValueError: Shapes differ."),
        ("finished", ""),
    ]
    assert ends[0] is not None
    assert ends[0].facts["threads"] == str(torch.get_num_threads())


def test_without_a_compiler_they_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    turns._library.cache_clear()
    monkeypatch.setattr("gatebench.machine.c_compiler.compiler", lambda: None)
    trials = [replace(TRIAL, seed=seed) for seed in range(2)]
    for (end, _), trial in zip(together(trials, train_nothing, monkeypatch), trials, strict=True):
        assert end.outcome is not None
        assert (end.outcome.status, end.outcome.digest) == ("refused", trial.digest)
        assert end.outcome.sentence == "replicas needs a C compiler, and none of cc, gcc, clang works here."
        assert end.outcome.when


def train_nothing(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
    raise AssertionError("It is not trained.")


def test_without_memory_for_its_events_one_trial_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [replace(TRIAL, seed=seed) for seed in range(2)]
    barrier = Barrier(2)

    class Sender:
        def __init__(self, first: object, digest: str, send: object) -> None:
            barrier.wait(30)
            if digest == trials[1].digest:
                raise MemoryError
            self.emit, self.save = lambda epoch: None, lambda content: None

        def end(self) -> list[object]:
            return []

        def should_stop(self) -> bool:
            return False

    def run(trial: Trial, *, emit: Callable[[Epoch], None], control: Control) -> Outcome:
        return outcome(trial)

    monkeypatch.setattr("launch.running.worker_task.EventSender", Sender)
    fine, failed = (end.outcome for end, _ in together(trials, run, monkeypatch))
    assert fine is not None
    assert failed is not None
    assert fine.status == "finished"
    assert (failed.status, failed.sentence) == ("failed", NO_MEMORY)
    assert "MemoryError" in failed.facts[TRACEBACK]


def test_all_stop_with_a_checkpoint_if_the_machine_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preemption, "LEAVE_SECONDS", 1e6)
    trials = [
        replace(trial, training=replace(trial.training, max_epochs=2000))
        for trial in (REPLICAS["a seed"], REPLICAS["another seed"])
    ]
    sent: list[None] = []

    def preempt() -> None:
        sent.append(None)
        if len(sent) == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    ends = [end for end, _ in together(trials, runner(tmp_path), monkeypatch, preempt)]
    assert all(end.preempted for end in ends)
    assert [end.outcome.status for end in ends if end.outcome] == ["interrupted"] * 2


def test_the_messages_of_the_process_are_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = list(warnings.filters)
    together([REPLICAS["a seed"], REPLICAS["one that stops early"]], runner(tmp_path), monkeypatch)
    assert list(warnings.filters) == before
