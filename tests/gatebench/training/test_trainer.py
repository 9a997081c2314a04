from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.task import Batch, Metric, Split
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.learner import Learner
from gatebench.training.trainer import check_device, make_trainer, train
from gatebench.training.trainer import test as run_test
from tests.gatebench.training.sign import TRIAL, Sign


def test_the_cpu_is_always_there_and_cuda_is_asked_for() -> None:
    check_device("cpu")
    if torch.cuda.is_available():
        check_device("cuda")
    else:
        with pytest.raises(Refusal, match=r"use training\.device=cpu"):
            check_device("cuda")


def saver_of(learner: Learner) -> TrialSaver:
    return TrialSaver(learner, (learner.problem,), Control())


@pytest.mark.parametrize("direction", ["max", "min"])
def test_patience_goes_by_the_metric_and_its_direction(direction: str) -> None:
    saver = saver_of(Learner(TRIAL, Sign().load(Path())))
    trainer = make_trainer(TRIAL, Metric("nll", direction), lambda _: None, saver)  # type: ignore[arg-type]
    stop = trainer.early_stopping_callback
    assert stop is not None
    assert (stop.monitor, stop.mode, stop.patience) == ("val/nll", direction, TRIAL.training.patience)
    assert trainer.gradient_clip_val == TRIAL.training.gradient_clip


def test_training_ends_with_the_best_weights_and_writes_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    learner = Learner(TRIAL, Sign().load(tmp_path))
    train(learner, saver_of(learner), learner.metric, lambda _: None)
    assert learner.best_weights is not None
    assert all(torch.equal(weight, learner.best_weights[name]) for name, weight in learner.state_dict().items())
    assert not list(tmp_path.iterdir())


class SpiedSplit:
    """The split `Sign` trains on; it keeps the indices of the examples of each batch."""

    def __init__(self, split: Split) -> None:
        self._split, self.lengths = split, split.lengths
        self.batches: list[list[int]] = []

    def __len__(self) -> int:
        return len(self._split)

    def batch(self, indices: Tensor) -> Batch:
        self.batches.append(indices.tolist())
        return self._split.batch(indices)


def test_every_epoch_has_all_examples_in_a_new_order(tmp_path: Path) -> None:
    problem = Sign().load(tmp_path)
    spied = SpiedSplit(problem.train)
    learner = Learner(replace(TRIAL, training=replace(TRIAL.training, patience=0)), replace(problem, train=spied))
    train(learner, saver_of(learner), learner.metric, lambda _: None)
    size = len(spied.batches) // TRIAL.training.max_epochs
    epochs = [spied.batches[first : first + size] for first in range(0, len(spied.batches), size)]
    orders = [[example for batch in epoch for example in batch] for epoch in epochs]
    assert len(orders) == TRIAL.training.max_epochs
    assert all(sorted(order) == list(range(len(spied))) for order in orders)
    assert len({tuple(order) for order in orders}) == len(orders)
    assert len({frozenset(epoch[0]) for epoch in epochs}) == len(epochs)


def test_a_test_changes_no_weight(tmp_path: Path) -> None:
    learner = Learner(TRIAL, Sign().load(tmp_path))
    before = {name: weight.clone() for name, weight in learner.state_dict().items()}
    run_test(learner, saver_of(learner), SplitsDataModule(learner.problem, 64, 0), learner.metric)
    assert 0 <= learner.test_scores["test/accuracy"] <= 1
    assert all(torch.equal(weight, before[name]) for name, weight in learner.state_dict().items())
