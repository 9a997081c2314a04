from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

from gatebench.task import Batch
from gatebench.training import Learner
from tests.gatebench.training.sign import TRIAL, Sign


def learner(**training: Any) -> Learner:
    settings = replace(TRIAL.training, **training)
    return Learner(replace(TRIAL, training=settings), Sign().load(Path()))


KINDS = {"adam": Adam, "adamw": AdamW, "rmsprop": RMSprop, "sgd": SGD, "adagrad": Adagrad}


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_the_config_names_the_optimiser(name: str, kind: type[Optimizer]) -> None:
    optimizer = learner(optimizer=name, learning_rate=0.5, weight_decay=0.25).configure_optimizers()
    assert type(optimizer) is kind
    assert (optimizer.defaults["lr"], optimizer.defaults["weight_decay"]) == (0.5, 0.25)


@pytest.mark.parametrize(
    ("name", "defaults"),
    [
        ("adam", {"betas": (0.9, 0.999), "eps": 1e-8}),
        ("adamw", {"betas": (0.9, 0.999), "eps": 1e-8}),
        ("rmsprop", {"alpha": 0.99, "eps": 1e-8, "momentum": 0}),
        ("sgd", {"momentum": 0}),
    ],
)
def test_the_other_settings_of_an_optimiser_are_those_of_torch(name: str, defaults: dict[str, object]) -> None:
    assert learner(optimizer=name).configure_optimizers().defaults.items() >= defaults.items()


def validated(built: Learner, parts: list[torch.Tensor]) -> dict[str, float]:
    """Return the epoch's metrics after validating on these parts of the split, without a trainer."""
    built.log_dict = lambda *_, **__: None  # type: ignore[method-assign]
    built.on_validation_epoch_start()
    with torch.no_grad():
        for index, part in enumerate(parts):
            built.validation_step(built.problem.val.batch(part), index)
    built.losses = [torch.tensor(1.0), torch.tensor(2.0)]
    built.on_validation_epoch_end()
    return built.history[-1]


def test_an_unequal_last_batch_does_not_tilt_the_score() -> None:
    built = learner()
    whole = validated(built, [torch.arange(64)])
    parts = validated(built, [torch.arange(50), torch.arange(50, 64)])
    assert whole["val/accuracy"] == parts["val/accuracy"]
    assert whole["train/loss"] == 1.5
    assert parts["gate/l0/keep/f/mean"] == pytest.approx(whole["gate/l0/keep/f/mean"], rel=1e-6)
    assert whole["gate/l0/keep/f/mean"] != validated(learner(), [torch.arange(50)])["gate/l0/keep/f/mean"]


def test_a_step_returns_the_loss_of_its_batch() -> None:
    built = learner()
    batch: Batch = built.problem.train.batch(torch.arange(8))
    loss = built.training_step(batch, 0)
    assert torch.equal(loss, built.problem.loss(built.network(batch), batch))
