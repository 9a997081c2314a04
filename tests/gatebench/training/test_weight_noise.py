from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gatebench.control import Control
from gatebench.nn.batch_draws import BatchDraws, BatchShare
from gatebench.training.batches import Batches
from gatebench.training.checkpoint.saver import TrialSaver
from gatebench.training.learner import Learner
from gatebench.training.trainer import train
from gatebench.training.weight_noise import WeightNoise
from tests.gatebench.training.sign import TRIAL, Sign


def test_the_noise_goes_away_to_the_last_bit() -> None:
    weights = [nn.Parameter(torch.randn(5, 3)), nn.Parameter(torch.ones(4), requires_grad=False)]
    before = [weight.detach().clone() for weight in weights]
    noise, draws = WeightNoise(0.5), BatchDraws(0)
    noise.add(weights, draws)
    first = weights[0].detach().clone()
    assert 0.2 < (first - before[0]).std().item() < 1.0
    assert torch.equal(weights[1], before[1])
    noise.add(weights, draws)  # new noise does not come on top of the old one
    assert not torch.equal(weights[0], first)
    noise.remove()
    assert all(torch.equal(weight, old) for weight, old in zip(weights, before, strict=True))
    noise.remove()
    assert torch.equal(weights[0], before[0])


def step(settings: dict[str, Any]) -> tuple[Learner, Learner]:
    """Return a learner before a step of SGD with a learning rate of 1 on the whole training split, and after it."""
    training = replace(TRIAL.training, optimizer="sgd", learning_rate=1.0, max_epochs=1, batch_size=256)
    trial = replace(TRIAL, training=replace(training, gradient_clip=0.0, **settings))
    made = []
    for _ in range(2):
        torch.manual_seed(0)
        made.append(Learner(trial, Sign().load(Path())))
    before, after = made
    train(after, TrialSaver(after, [after.problem], Control()), after.metric, lambda _: None)
    return before, after


def changes(before: Learner, after: Learner) -> list[Tensor]:
    return [old.detach() - new.detach() for old, new in zip(before.parameters(), after.parameters(), strict=True)]


def test_a_step_has_the_gradient_at_the_noisy_weights() -> None:
    before, after = step({"weight_noise": 0.3})
    (batch,) = Batches(before.problem.train, 256, TRIAL.seed)
    draws = BatchDraws(TRIAL.seed + 2**41)
    draws.begin(BatchShare(6, 256))
    clean = [weight.detach().clone() for weight in before.parameters()]
    with torch.no_grad():
        for weight in before.parameters():
            weight.add_(draws.weight_noise(weight, 0.3))
    gradient = torch.autograd.grad(before.problem.loss(before.network(batch), batch), list(before.parameters()))
    for one, old, new in zip(gradient, clean, after.parameters(), strict=True):
        assert torch.allclose(old - one, new, rtol=1e-5, atol=1e-6)
    assert after.losses == []


def test_a_step_reads_the_noisy_input() -> None:
    before, after = step({"input_noise": 0.5})
    (batch,) = Batches(before.problem.train, 256, TRIAL.seed)
    draws = BatchDraws(TRIAL.seed + 2**41)
    draws.begin(BatchShare(6, 256))
    noisy = replace(batch, x=batch.x + draws.noise(batch.x, 0.5))
    before.network.eval()
    gradient = torch.autograd.grad(before.problem.loss(before.network(noisy), noisy), list(before.parameters()))
    for one, change in zip(gradient, changes(before, after), strict=True):
        assert torch.allclose(one, change, rtol=1e-4, atol=1e-6)
