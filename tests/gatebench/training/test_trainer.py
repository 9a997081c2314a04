from pathlib import Path

import pytest
import torch

from gatebench.errors import Refusal
from gatebench.task import Metric
from gatebench.training.learner import Learner
from gatebench.training.trainer import check_device, load_best_weights, make_trainer
from tests.gatebench.training.sign import TRIAL, Sign


def test_the_cpu_is_always_there_and_cuda_is_asked_for() -> None:
    check_device("cpu")
    if torch.cuda.is_available():
        check_device("cuda")
    else:
        with pytest.raises(Refusal, match=r"use training\.device=cpu"):
            check_device("cuda")


@pytest.mark.parametrize("direction", ["max", "min"])
def test_best_and_patience_go_by_the_metric_and_its_direction(direction: str, tmp_path: Path) -> None:
    trainer, best = make_trainer(TRIAL, Metric("nll", direction), tmp_path, lambda _: None)  # type: ignore[arg-type]
    assert (best.monitor, best.mode) == ("val/nll", direction)
    stop = trainer.early_stopping_callback
    assert stop is not None
    assert (stop.monitor, stop.mode, stop.patience) == ("val/nll", direction, TRIAL.training.patience)
    assert trainer.gradient_clip_val == TRIAL.training.gradient_clip


def test_restoring_brings_back_the_weights_of_the_file(tmp_path: Path) -> None:
    learner = Learner(TRIAL, Sign().load(tmp_path))
    kept = {name: weight.clone() for name, weight in learner.state_dict().items()}
    _, best = make_trainer(TRIAL, Metric("accuracy", "max"), tmp_path, lambda _: None)
    best.best_model_path = str(tmp_path / "best.ckpt")
    torch.save({"state_dict": kept}, best.best_model_path)
    with torch.no_grad():
        for parameter in learner.parameters():
            parameter.add_(1)
    load_best_weights(learner, best)
    assert all(torch.equal(weight, kept[name]) for name, weight in learner.state_dict().items())
