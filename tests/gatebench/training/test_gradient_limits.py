from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gatebench.control import Control
from gatebench.training.batches import Batches
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.gradient_limits import clip_norm, rescale_gradient
from gatebench.training.learner import Learner
from gatebench.training.trainer import train
from tests.gatebench.training.sign import TRIAL, Sign


def test_the_gradient_gets_the_norm_in_both_directions() -> None:
    for norm in (0.1, 50.0):
        weights = [nn.Parameter(torch.zeros(2)), nn.Parameter(torch.zeros(1)), nn.Parameter(torch.zeros(1))]
        weights[0].grad, weights[1].grad = torch.tensor([3.0, 0.0]), torch.tensor([4.0])
        rescale_gradient(weights, norm)
        assert torch.allclose(weights[0].grad, torch.tensor([3.0, 0.0]) * norm / 5)
        assert torch.allclose(weights[1].grad, torch.tensor([4.0]) * norm / 5)
        assert weights[2].grad is None


def test_a_gradient_of_0_stays_0() -> None:
    weight = nn.Parameter(torch.zeros(2))
    weight.grad = torch.zeros(2)
    rescale_gradient([weight], 1.0)
    assert torch.equal(weight.grad, torch.zeros(2))


@pytest.mark.parametrize("limit", [0.01, 1.0, 1e4])
@pytest.mark.parametrize("value", [1.0, 1e20, float("inf"), float("nan")])
def test_the_norm_is_clipped_as_by_torch_to_the_last_bit(limit: float, value: float) -> None:
    generator = torch.Generator().manual_seed(0)
    weights = [nn.Parameter(torch.zeros(shape)) for shape in ((5, 7), (33,), (1,), (70, 3))]
    for weight in weights:
        weight.grad = torch.randn(weight.shape, generator=generator)
    first = weights[0].grad
    assert first is not None
    first[0, 0] = value
    clipped = [weight.grad.clone() for weight in weights if weight.grad is not None]
    clip_norm(clipped, limit)
    nn.utils.clip_grad_norm_(weights, limit)
    for one, weight in zip(clipped, weights, strict=True):
        assert torch.equal(one.view(torch.int32), weight.grad.view(torch.int32))  # type: ignore[union-attr]


def one_step(settings: dict[str, Any]) -> tuple[list[Tensor], list[Tensor]]:
    """Train one step with SGD and a learning rate of 1. Return the gradient without limits, and the change."""
    training = replace(
        TRIAL.training, optimizer="sgd", learning_rate=1.0, max_epochs=1, batch_size=256, gradient_clip=0.0
    )
    trial = replace(TRIAL, training=replace(training, **settings))
    torch.manual_seed(0)
    built = Learner(trial, Sign().load(Path()))
    before = [weight.detach().clone() for weight in built.parameters()]
    (batch,) = Batches(built.problem.train, 256, trial.seed)
    gradient = torch.autograd.grad(built.problem.loss(built.network(batch), batch), list(built.parameters()))
    train(built, TrialSaver(built, [built.problem], Control()), built.metric, lambda _: None)
    return list(gradient), [old - new.detach() for old, new in zip(before, built.parameters(), strict=True)]


@pytest.mark.parametrize("setting", ["gradient_clip", "gradient_clip_value", "gradient_rescale"])
def test_a_step_uses_the_limited_gradient(setting: str) -> None:
    for limit in (0.01, 5.0):
        gradient, change = one_step({setting: limit})
        norm = torch.cat([one.flatten() for one in gradient]).norm()
        match setting:
            case "gradient_clip":
                expected = [one * min(1.0, limit / norm.item()) for one in gradient]
            case "gradient_clip_value":
                expected = [one.clamp(-limit, limit) for one in gradient]
            case _:
                expected = [one * limit / norm for one in gradient]
        for one, other in zip(change, expected, strict=True):
            assert torch.allclose(one, other, rtol=1e-4, atol=1e-6)
