from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest
import torch
from safetensors.torch import load
from torch import Tensor

from gatebench.errors import Refusal
from gatebench.measures import gate_file
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Batch, Metric, Problem
from gatebench.training import run_trial
from gatebench.training.weights_file import FILE_NAME
from gatebench.trial import Training, Trial
from tasks.blocks.splits import TensorSplit
from tests.gatebench.training.sign import LSTM, TRIAL, Sign


def run(trial: Trial, home: Path) -> tuple[Outcome, list[Epoch]]:
    epochs: list[Epoch] = []
    return run_trial(trial, home=home, data_root=None, emit=epochs.append), epochs


def weights_of(outcome: Outcome) -> dict[str, list[float]]:
    """Return the weights of an outcome. Equal lists have equal bits, because no weight is NaN or -0."""
    return {name: weight.flatten().tolist() for name, weight in load(outcome.files[FILE_NAME]).items()}


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
    assert 0 < outcome.metrics["gate/l0/keep/f/mean"] < 1
    assert outcome.metrics["parameters/recurrent"] == 4 * (8 * 1 + 8 * 8 + 8)
    assert outcome.metrics["parameters"] == 4 * (8 * 1 + 8 * 8 + 8) + 8 * 2 + 2
    assert outcome.facts["backend"] == "native"
    assert outcome.facts["data/made"] == "0"
    assert 0 < outcome.metrics["seconds/data_share"] < 0.5
    assert 0 < outcome.metrics["seconds/load"] < outcome.metrics["seconds"]


ATTENTION = {"name": "attention", "base": "attention"}


def test_an_architecture_that_is_no_cell_learns_and_has_no_gates(tmp_path: Path) -> None:
    outcome, _ = run(replace(TRIAL, cell=ATTENTION, training=replace(TRIAL.training, backend="auto")), tmp_path)
    assert (outcome.status, outcome.cell, outcome.facts["backend"]) == ("finished", "attention", "torch")
    assert outcome.metrics["test/accuracy"] > 0.8
    assert outcome.metrics["parameters/recurrent"] == 2 * 8 + 2 * 8 + 4 * 8 + 4 * (8 * 8 + 8) + 8 * 8 * 8 + 32 + 8
    assert outcome.metrics["flops/step"] > 0
    assert set(outcome.files) == {FILE_NAME}
    assert not [name for name in outcome.metrics if "gate" in name or "gradient" in name]
    assert "gate statistics" not in outcome.facts


def test_the_same_trial_gives_the_same_result_to_the_last_bit(tmp_path: Path) -> None:
    one, epochs = run(TRIAL, tmp_path / "a")
    torch.rand(7)
    other, again = run(TRIAL, tmp_path / "b")
    timeless = {k: v for k, v in one.metrics.items() if not k.startswith("seconds")}
    assert timeless == {k: v for k, v in other.metrics.items() if not k.startswith("seconds")}
    assert [e.metrics for e in epochs] == [e.metrics for e in again]
    third, _ = run(replace(TRIAL, seed=1), tmp_path / "c")
    assert third.metrics["gate/l0/keep/f/mean"] != one.metrics["gate/l0/keep/f/mean"]


def test_the_best_weights_are_tested_and_not_the_last(tmp_path: Path) -> None:
    """They are those of a trial that ends with its best epoch."""
    trial = replace(TRIAL, training=replace(TRIAL.training, max_epochs=6, learning_rate=0.3))
    outcome, epochs = run(trial, tmp_path)
    best = int(outcome.metrics["best/epoch"])
    assert best < len(epochs) - 1
    shorter, _ = run(replace(trial, training=replace(trial.training, max_epochs=best + 1)), tmp_path)
    assert weights_of(outcome) == weights_of(shorter)


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


class Explosive(Sign):
    """The sign of a sum; from the third epoch on, one training example is not finite."""

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        problem = super().load(root, cache)
        assert isinstance(problem.train, TensorSplit)
        x, y = problem.train.x, problem.train.y
        return replace(problem, train=Late(x, y))


class Late(TensorSplit):
    """A split that hands out NaN after two epochs."""

    handed_out = 0

    def batch(self, indices: Tensor) -> Batch:
        batch = super().batch(indices)
        Late.handed_out += len(indices)
        return replace(batch, x=batch.x * torch.nan) if Late.handed_out > 2 * len(self) else batch


def test_a_late_divergence_keeps_the_figures_of_the_best_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Late, "handed_out", 0)
    explosive = replace(TRIAL, task={"_target_": "tests.gatebench.training.test_one_trial.Explosive"})
    outcome, epochs = run(explosive, tmp_path / "late")
    healthy, _ = run(replace(TRIAL, training=replace(TRIAL.training, max_epochs=2)), tmp_path / "healthy")
    assert (outcome.status, outcome.has_result) == ("diverged", True)
    best = int(outcome.metrics["best/epoch"])
    assert outcome.sentence == (
        "The training diverged after epoch 2: the training loss was nan in epoch 3. "
        f"The figures are those of epoch {best + 1}, the best one."
    )
    assert len(epochs) == 3 == outcome.metrics["epochs"]
    assert isnan(epochs[-1].metrics["val/accuracy"])
    differing = {"epochs"} | {name for name in outcome.metrics if name.startswith("seconds")}
    assert {k: v for k, v in outcome.metrics.items() if k not in differing} == {
        k: v for k, v in healthy.metrics.items() if k not in differing
    }


@pytest.mark.parametrize("backend", ["auto", "native", "manual", "reference"])
def test_recording_changes_neither_scores_nor_weights(tmp_path: Path, backend: str) -> None:
    trial = replace(TRIAL, training=replace(TRIAL.training, backend=backend, max_epochs=2))
    outcomes, weights = [], []
    for record in (True, False):
        home = tmp_path / str(record)
        outcomes.append(run_trial(trial, home=home, data_root=None, emit=lambda _: None, record_gates=record))
        weights.append(weights_of(outcomes[-1]))
    recorded, plain = (
        {k: v for k, v in outcome.metrics.items() if not k.startswith(("seconds", "gate/", "test/gate/", "gradient/"))}
        for outcome in outcomes
    )
    assert recorded == plain
    assert weights[0] == weights[1]
    assert outcomes[0].facts["backend"] == outcomes[1].facts["backend"]
    assert ("gates backend" in outcomes[0].facts) == (backend == "native")


def test_validation_and_test_have_gates_of_their_own(tmp_path: Path) -> None:
    outcome, epochs = run(TRIAL, tmp_path)
    gates = {name: value for name, value in outcome.metrics.items() if name.startswith("gate/")}
    best = epochs[int(outcome.metrics["best/epoch"])].metrics
    assert {name: value for name, value in best.items() if name.startswith("gate/")}.items() <= gates.items()
    for name, value in gates.items():
        assert f"test/{name}" in outcome.metrics
        assert not name.endswith("/mean") or outcome.metrics[f"test/{name}"] != value
    arrays = gate_file.read(outcome.files["gates.npz"])
    assert arrays.roles == ("keep/f", "write/i", "expose/o", "candidate/g")
    assert {split: found.steps for split, found in arrays.splits.items()} == {"val": 64 * 6, "test": 64 * 6}
    for split, prefix in (("val", ""), ("test", "test/")):
        units = arrays.splits[split].gates[0, "f"]
        assert units.mean.mean() == pytest.approx(outcome.metrics[f"{prefix}gate/l0/keep/f/mean"])
        assert units.histogram.sum() == 8 * 64 * 6
    assert arrays.lags is not None
    assert arrays.gradient_norms is not None
    assert arrays.lags.tolist() == list(range(6))
    assert (arrays.gradient_norms > 0).all()


def test_a_fixed_gate_has_its_value_and_no_statistics(tmp_path: Path) -> None:
    fixed = {**LSTM, "ablate": {"f": {"fix": 0.25}}}
    training = replace(TRIAL.training, backend="reference", max_epochs=1)
    outcome, epochs = run(replace(TRIAL, cell=fixed, training=training), tmp_path)
    found = {k: v for k, v in outcome.metrics.items() if "keep/f" in k}
    assert found == {"gate/l0/keep/f/fixed": 0.25}
    assert not [name for name in epochs[0].metrics if "keep/f" in name]
    assert outcome.metrics["gradient/lag_half"] == 1


def test_a_missing_device_is_refused(tmp_path: Path) -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    with pytest.raises(Refusal, match=r"use training\.device=cpu"):
        run(replace(TRIAL, training=Training(device="cuda")), tmp_path)


def test_a_backend_that_refuses_is_not_replaced(tmp_path: Path) -> None:
    ablated = {**LSTM, "ablate": {"i": {"fix": 1}}}
    with pytest.raises(Refusal, match="native runs exactly"):
        run(replace(TRIAL, cell=ablated, training=Training(backend="native")), tmp_path)
