from pathlib import Path

import pytest
import torch

from gatebench.control import Control
from gatebench.errors import Refusal
from gatebench.task import Metric
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


def test_a_test_changes_no_weight(tmp_path: Path) -> None:
    learner = Learner(TRIAL, Sign().load(tmp_path))
    before = {name: weight.clone() for name, weight in learner.state_dict().items()}
    run_test(learner, saver_of(learner), SplitsDataModule(learner.problem, 64, 0), learner.metric)
    assert 0 <= learner.test_scores["test/accuracy"] <= 1
    assert all(torch.equal(weight, before[name]) for name, weight in learner.state_dict().items())
