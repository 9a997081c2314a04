from typing import Any

import pytest
import torch
from torch import nn, optim

from gatebench.training.direct_updates import DirectUpdate, inner_step, update_of
from gatebench.training.optimizers import make_optimizer
from gatebench.training_settings import Training

SHAPES = ((5, 7), (33,), (16, 16), (1,), (70, 3))  # with and without ends that fill no vector
SETTINGS: list[dict[str, Any]] = [
    {"optimizer": "sgd"},
    {"optimizer": "sgd", "weight_decay": 0.1},
    {"optimizer": "sgd", "momentum": 0.97},
    {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "momentum_scales_rate": True, "weight_decay": 0.01},
    {"optimizer": "adam"},
    {"optimizer": "adam", "weight_decay": 0.01},
    {"optimizer": "adamw", "weight_decay": 0.01},
    {"optimizer": "rmsprop"},
    {"optimizer": "rmsprop", "rms_decay": 0.9, "momentum": 0.9, "weight_decay": 0.01},
    {"optimizer": "rmsprop_graves", "momentum": 0.9},
    {"optimizer": "adagrad", "weight_decay": 0.1},
]


def new_weights() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def give_gradients(weights: list[nn.Parameter], number: int, without: int | None = None) -> None:
    generator = torch.Generator().manual_seed(number)
    for place, weight in enumerate(weights):
        scale = 10.0 ** torch.randint(-6, 2, (), generator=generator)
        weight.grad = torch.randn(weight.shape, generator=generator) * scale
        if place == without:
            weight.grad = None


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda one: "-".join(map(str, one.values())))
def test_the_steps_are_those_of_torch_to_the_last_bit(settings: dict[str, Any], late: bool) -> None:
    training = Training(learning_rate=0.003, **settings)
    weights, plain_weights = new_weights(), new_weights()
    optimizer, plain = make_optimizer(training, weights), make_optimizer(training, plain_weights)
    update = update_of(optimizer)
    for number in range(12):
        if number == 8:  # a checkpoint
            optimizer.load_state_dict(optimizer.state_dict())
            update = update_of(optimizer)
        for group in (*optimizer.param_groups, *plain.param_groups):
            group["lr"] = 0.003 / (1 + number)
        without = 2 if number == 5 else None
        give_gradients(weights, number, without)
        give_gradients(plain_weights, number, without)
        with torch.no_grad():
            update(optimizer)
        plain.step()
        for weight, expected in zip(weights, plain_weights, strict=True):
            assert torch.equal(weight, expected)
            assert optimizer.state[weight].keys() == plain.state[expected].keys()
            for name, value in optimizer.state[weight].items():
                assert torch.equal(value, plain.state[expected][name])
                assert value.dtype == plain.state[expected][name].dtype


def test_torchs_step_is_kept_for_other_optimisers_and_weights() -> None:
    double = [nn.Parameter(torch.ones(2, dtype=torch.float64))]
    groups = optim.SGD([{"params": [weight]} for weight in new_weights()], lr=0.1)
    others = [optim.Adam(double), groups, optim.Adagrad(new_weights())]
    assert not any(isinstance(update_of(one), DirectUpdate) for one in others)
    assert isinstance(update_of(optim.SGD(new_weights(), lr=0.1)), DirectUpdate)


def test_an_optimiser_with_hooks_keeps_its_own_step() -> None:
    optimizer = make_optimizer(Training(), new_weights())
    assert inner_step(optimizer) is not type(optimizer).step
    optimizer.register_step_pre_hook(lambda *_: None)
    assert inner_step(optimizer) is update_of(optimizer) is type(optimizer).step
