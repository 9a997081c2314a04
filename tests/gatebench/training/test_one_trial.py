from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gatebench.errors import Refusal
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Metric
from gatebench.training import run_trial
from gatebench.trial import Training, Trial
from tests.gatebench.training.sign import LSTM, TRIAL, Sign


def run(trial: Trial, home: Path) -> tuple[Outcome, list[Epoch]]:
    epochs: list[Epoch] = []
    return run_trial(trial, home=home, data_root=None, emit=epochs.append), epochs


def test_a_trial_learns_and_says_what_it_did(tmp_path: Path) -> None:
    outcome, epochs = run(TRIAL, tmp_path)
    assert outcome.status == "finished"
    assert (outcome.digest, outcome.cell, outcome.task, outcome.seed) == (TRIAL.digest, "lstm", "sign", 0)
    assert (outcome.metric, outcome.chance) == (Metric("accuracy", "max"), 0.5)
    assert outcome.metrics["test/accuracy"] > 0.8
    assert [e.epoch for e in epochs] == [0, 1, 2, 3]
    assert all(e.total == 4 and e.digest == TRIAL.digest for e in epochs)
    scores = [e.metrics["val/accuracy"] for e in epochs]
    assert outcome.metrics["best/val/accuracy"] == max(scores)
    assert outcome.metrics["best/epoch"] == scores.index(max(scores))
    assert 0 < outcome.metrics["gate/l0/f/mean"] < 1
    assert outcome.metrics["parameters/recurrent"] == 4 * (8 * 1 + 8 * 8 + 8)
    assert outcome.metrics["parameters"] == 4 * (8 * 1 + 8 * 8 + 8) + 8 * 2 + 2
    assert outcome.facts["backend"] == "native"
    assert outcome.facts["data/made"] == "0"
    assert 0 < outcome.metrics["seconds/data_share"] < 0.5
    assert 0 < outcome.metrics["seconds/load"] < outcome.metrics["seconds"]


def test_the_same_trial_gives_the_same_result_to_the_last_bit(tmp_path: Path) -> None:
    one, epochs = run(TRIAL, tmp_path / "a")
    torch.rand(7)
    other, again = run(TRIAL, tmp_path / "b")
    timeless = {k: v for k, v in one.metrics.items() if not k.startswith("seconds")}
    assert timeless == {k: v for k, v in other.metrics.items() if not k.startswith("seconds")}
    assert [e.metrics for e in epochs] == [e.metrics for e in again]
    third, _ = run(replace(TRIAL, seed=1), tmp_path / "c")
    assert third.metrics["gate/l0/f/mean"] != one.metrics["gate/l0/f/mean"]


def test_the_best_weights_are_tested_and_not_the_last(tmp_path: Path) -> None:
    trial = replace(TRIAL, training=replace(TRIAL.training, max_epochs=6, learning_rate=0.3))
    outcome, _ = run(trial, tmp_path)
    saved = torch.load(tmp_path / "checkpoints" / trial.digest / "best.ckpt", weights_only=True)
    assert saved["epoch"] == outcome.metrics["best/epoch"]


def test_it_stops_when_it_gets_no_better(tmp_path: Path) -> None:
    patient = replace(TRIAL, training=replace(TRIAL.training, max_epochs=30, patience=1, learning_rate=1e-9))
    outcome, epochs = run(patient, tmp_path)
    assert len(epochs) == 2 == outcome.metrics["epochs"]


def test_a_divergence_is_a_result_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sign, "scale", float("inf"))
    outcome, _ = run(TRIAL, tmp_path)
    assert outcome.status == "diverged"
    assert outcome.sentence == "The training loss was nan in epoch 1."
    assert not [name for name in outcome.metrics if not name.startswith("seconds") and name != "epochs"]
    assert not outcome.files


def test_a_missing_device_is_refused(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(Refusal, match=r"use training\.device=cpu"):
        run(replace(TRIAL, training=Training(device="cuda")), tmp_path)


def test_a_backend_that_refuses_is_not_replaced(tmp_path: Path) -> None:
    ablated = {**LSTM, "ablate": {"i": {"fix": 1}}}
    with pytest.raises(Refusal, match="native runs exactly"):
        run(replace(TRIAL, cell=ablated, training=Training(backend="native")), tmp_path)
