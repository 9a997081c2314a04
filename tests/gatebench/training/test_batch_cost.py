import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from gatebench.nn.batch_draws import BatchShare
from gatebench.training.batch_cost import batch_cost
from gatebench.training.learner import Learner
from gatebench.trial import Model
from tests.gatebench.training.sign import TRIAL, Sign


def learner(hidden_size: int = 8, backend: str = "reference") -> Learner:
    training = replace(TRIAL.training, backend=backend)
    return Learner(replace(TRIAL, model=Model(hidden_size), training=training), Sign().load(Path()))


def test_the_memory_grows_with_the_size_and_not_with_the_weights() -> None:
    small, large = (batch_cost(learner(size))["memory/batch"] for size in (8, 16))
    assert 1.8 * small < large < 2.2 * small  # the weights would grow by a factor of 4
    steps, examples = 6, min(TRIAL.training.batch_size, 64)
    floats = small * 1e6 / 4 / (steps * examples)
    assert 6 * 8 < floats < 12 * 8  # four gates and two states of 8 units, and what the backend adds


def test_memory_that_autograd_does_not_see_is_not_reported() -> None:
    assert batch_cost(learner(backend="manual")).keys() == {"seconds/batch"}


def test_the_time_is_the_median_of_the_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 5.0, 10.0, 11.0, 20.0, 22.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(times))
    assert batch_cost(learner())["seconds/batch"] == 2.0


def test_the_network_is_left_as_it_was() -> None:
    measured = learner()
    measured.network.eval()
    before = [weight.clone() for weight in measured.network.parameters()]
    batch_cost(measured)
    assert not measured.network.training
    assert all(weight.grad is None for weight in measured.network.parameters())
    assert all(torch.equal(*pair) for pair in zip(before, measured.network.parameters(), strict=True))


def test_noise_and_masks_of_the_last_training_batch_do_not_disturb() -> None:
    trial = replace(
        TRIAL,
        model=Model(8, recurrent_dropout=0.1),
        training=replace(TRIAL.training, input_noise=0.1, backend="manual"),
    )
    measured = Learner(trial, Sign().load(Path()))
    measured.network.draws.begin(BatchShare(3, 2))
    assert batch_cost(measured)["seconds/batch"] > 0


def test_a_weight_that_the_loss_does_not_use_is_no_error() -> None:
    measured = learner()
    measured.network.encoder.register_parameter("spare", nn.Parameter(torch.zeros(3)))
    assert batch_cost(measured)["seconds/batch"] > 0
