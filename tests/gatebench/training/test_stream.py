import os
import signal
import threading
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import Tensor, nn

from gatebench.measures.continual_learning import average_accuracy, backward_transfer, forgetting
from gatebench.outcome import Epoch, Outcome
from gatebench.task import Metric, Problem, Stream, Task
from gatebench.training import run_trial
from gatebench.trial import Trial
from tasks.blocks.objectives import LastStep, accuracy, count_correct, cross_entropy
from tasks.blocks.splits import TensorSplit
from tests.gatebench.training.sign import TRIAL as SIGN_TRIAL
from tests.gatebench.training.test_one_trial import Late

TRIAL = replace(
    SIGN_TRIAL,
    task={"_target_": "tests.gatebench.training.test_stream.Signs", "name": "signs", "signs": (1, -1)},
    training=replace(SIGN_TRIAL.training, batch_size=16, learning_rate=0.05, backend="native"),
)
EPOCHS = TRIAL.training.max_epochs


@dataclass(frozen=True)
class Signs(Task):
    """In each experience the sign of a sum, or its opposite."""

    title, licence, protocol = "signs of sums", "none", "none"
    metrics: ClassVar[tuple[Metric, ...]] = (Metric("average_accuracy", "max"),)
    chance = 0.5
    scale: ClassVar[float] = 1.0

    signs: tuple[int, ...] = (1, -1)

    def checksums(self) -> dict[str, str]:
        return {"made": "0"}

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(384, 6, 1, generator=generator)
        experiences = tuple(_problem(x * self.scale**n, sign) for n, sign in enumerate(self.signs))
        return Stream(**vars(experiences[0]), experiences=experiences)


def _problem(x: Tensor, sign: int) -> Problem:
    y = (sign * x.sum((1, 2)) > 0).long()
    train, val, test = (TensorSplit(x[a:b], y[a:b]) for a, b in ((0, 256), (256, 320), (320, 384)))
    head = partial(LastStep, classes=2)
    return Problem(train, val, test, 1, 6, nn.Identity(), head, cross_entropy, count_correct, accuracy)


def run(trial: Trial, home: Path) -> tuple[Outcome, list[Epoch]]:
    epochs: list[Epoch] = []
    return run_trial(trial, home=home, data_root=None, emit=epochs.append), epochs


def matrix_of(outcome: Outcome, size: int) -> list[list[float]]:
    return [[outcome.metrics[f"matrix/{i}/{j}"] for j in range(1, size + 1)] for i in range(1, size + 1)]


def test_opposites_are_forgotten(tmp_path: Path) -> None:
    outcome, epochs = run(TRIAL, tmp_path)
    assert (outcome.status, outcome.task, outcome.cell) == ("finished", "signs", "lstm")
    assert (outcome.digest, outcome.seed) == (TRIAL.digest, 0)
    R = matrix_of(outcome, 2)
    assert R[0][0] > 0.8
    assert R[1][1] > 0.8
    assert R[0][0] == pytest.approx(1 - R[0][1])  # what knows the one answers the other wrongly
    assert R[1][0] == pytest.approx(1 - R[1][1])
    assert outcome.metrics["test/average_accuracy"] == average_accuracy(R) == pytest.approx(0.5)
    assert outcome.metrics["test/backward_transfer"] == backward_transfer(R) < -0.6
    assert outcome.metrics["test/forgetting"] == forgetting(R) > 0.6
    assert 0 < outcome.metrics["gate/l0/keep/f/mean"] < 1
    assert outcome.metrics["parameters/recurrent"] == 4 * (8 * 1 + 8 * 8 + 8)
    assert outcome.facts["backend"] == "native"
    assert outcome.facts["data/made"] == "0"
    assert [e.epoch for e in epochs] == list(range(2 * EPOCHS))
    assert [e.metrics["train/experience"] for e in epochs] == [1] * EPOCHS + [2] * EPOCHS
    assert all(e.total == 2 * EPOCHS and e.digest == TRIAL.digest for e in epochs)
    assert outcome.metrics["epochs"] == 2 * EPOCHS


def test_the_same_again_is_not_forgotten(tmp_path: Path) -> None:
    outcome, _ = run(replace(TRIAL, task={**TRIAL.task, "signs": (1, 1, 1)}), tmp_path)
    R = matrix_of(outcome, 3)
    assert all(len(set(row)) == 1 for row in R)
    assert outcome.metrics["test/backward_transfer"] == pytest.approx(R[2][0] - (R[0][0] + R[1][1]) / 2)
    assert abs(outcome.metrics["test/forgetting"]) < 0.1
    assert outcome.metrics["test/average_accuracy"] > 0.8


def test_the_first_experience_is_learnt_as_if_it_were_alone(tmp_path: Path) -> None:
    """Nothing of the later ones is seen before their turn."""
    one, _ = run(TRIAL, tmp_path / "a")
    other, _ = run(replace(TRIAL, task={**TRIAL.task, "signs": (1, 1)}), tmp_path / "b")
    assert one.metrics["matrix/1/1"] == other.metrics["matrix/1/1"]


def test_the_same_trial_gives_the_same_result_to_the_last_bit(tmp_path: Path) -> None:
    one, epochs = run(TRIAL, tmp_path / "a")
    torch.rand(7)
    other, again = run(TRIAL, tmp_path / "b")
    assert [e.metrics for e in epochs] == [e.metrics for e in again]
    assert {k: v for k, v in one.metrics.items() if not k.startswith("seconds")} == {
        k: v for k, v in other.metrics.items() if not k.startswith("seconds")
    }


def test_patience_is_for_each_experience(tmp_path: Path) -> None:
    patient = replace(TRIAL.training, max_epochs=30, patience=1, learning_rate=1e-9)
    outcome, epochs = run(replace(TRIAL, training=patient), tmp_path)
    assert [e.epoch for e in epochs] == [0, 1, 30, 31]
    assert outcome.metrics["epochs"] == 4


def test_a_divergence_says_in_which_experience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Signs, "scale", float("inf"))
    outcome, _ = run(TRIAL, tmp_path)
    assert outcome.status == "diverged"
    assert outcome.sentence == "The training loss was nan in epoch 1 of experience 2."
    assert "test/average_accuracy" not in outcome.metrics
    assert "best/val/average_accuracy" not in outcome.metrics


@dataclass(frozen=True)
class LateSigns(Signs):
    """The first experience is not finite after two epochs."""

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        stream = super().load(root, cache)
        assert isinstance(stream, Stream)
        first = stream.experiences[0]
        assert isinstance(first.train, TensorSplit)
        late = replace(first, train=Late(first.train.x, first.train.y))
        return replace(stream, experiences=(late, *stream.experiences[1:]))


def test_a_late_divergence_of_an_experience_does_not_end_the_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Late, "handed_out", 0)
    task = {"_target_": "tests.gatebench.training.test_stream.LateSigns", "name": "late", "signs": (1, -1)}
    outcome, epochs = run(replace(TRIAL, task=task), tmp_path)
    assert outcome.status == "diverged"
    assert "the training loss was nan in epoch 3 of experience 1. The figures are those of epoch" in outcome.sentence
    assert [e.epoch for e in epochs] == [0, 1, 2, *range(EPOCHS, 2 * EPOCHS)]
    assert outcome.metrics["test/average_accuracy"] == average_accuracy(matrix_of(outcome, 2))
    assert outcome.metrics["matrix/1/1"] > 0.6


def test_validation_and_gates_are_those_of_the_final_network_on_all_experiences(tmp_path: Path) -> None:
    outcome, epochs = run(TRIAL, tmp_path)
    opposite = outcome.metrics["best/val/average_accuracy"]
    assert opposite == pytest.approx(0.5)  # what is right on one experience is wrong on the other
    same = {name.removeprefix("test/") for name in outcome.metrics if name.startswith("test/gate/")}
    assert same == {name for name in outcome.metrics if name.startswith("gate/")}
    assert same == {name for name in epochs[-1].metrics if name.startswith("gate/")}


def test_ctrl_c_comes_out_as_such(tmp_path: Path) -> None:
    def press(epoch: Epoch) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(1)

    with pytest.raises(KeyboardInterrupt):
        run_trial(TRIAL, home=tmp_path, data_root=None, emit=press)
