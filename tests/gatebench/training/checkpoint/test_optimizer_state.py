import pytest
import torch
from torch import Tensor, nn

from gatebench.errors import UserError
from gatebench.training.checkpoint.optimizer_state import (
    load_optimizer_state,
    optimizer_state,
    optimizer_tensors,
    state_of,
)
from gatebench.training.learner import Learner
from gatebench.training_settings import OPTIMIZERS
from tests.gatebench.training.test_learner import learner


def parameters() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((2, 3), (4,), (1,))]


def step(weights: list[nn.Parameter], optimizer: torch.optim.Optimizer, number: int) -> None:
    """Make a step with gradients that depend on its number. The last parameter never has one."""
    for weight in weights[:-1]:
        weight.grad = torch.sin(weight.detach() * number)
    optimizer.step()


def trained(built: Learner) -> tuple[list[nn.Parameter], torch.optim.Optimizer]:
    weights = parameters()
    optimizer = built.make_optimizer(weights)
    for number in range(1, 4):
        step(weights, optimizer, number)
    return weights, optimizer


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_next_step_is_the_same_to_the_last_bit(name: str) -> None:
    built = learner(optimizer=name, weight_decay=0.1)
    weights, optimizer = trained(built)
    tensors = {key: one.clone() for key, one in optimizer_tensors(state_of(optimizer)).items()}
    assert bool(tensors) == (name != "sgd")
    others = [nn.Parameter(weight.detach().clone()) for weight in weights]
    another = built.make_optimizer(others)
    load_optimizer_state(another, optimizer_state(tensors, others, built.make_optimizer))
    for number in (4, 5):
        step(weights, optimizer, number)
        step(others, another, number)
    assert all(torch.equal(one, other) for one, other in zip(weights, others, strict=True))


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("optimizer/0/exp_avg", torch.zeros(3, 2)),
        ("optimizer/0/exp_avg", torch.zeros(2, 3, dtype=torch.float64)),
        ("optimizer/0/step", torch.zeros(1)),
        ("optimizer/1/exp_avg_sq", None),
        ("optimizer/3/exp_avg", torch.zeros(1)),
        ("optimizer/-1/step", torch.zeros(())),
        ("optimizer/x/step", torch.zeros(())),
        ("optimizer/", torch.zeros(())),
    ],
)
def test_a_state_that_does_not_fit_is_refused(name: str, tensor: Tensor | None) -> None:
    built = learner(optimizer="adam")
    weights, optimizer = trained(built)
    tensors = optimizer_tensors(state_of(optimizer))
    if tensor is None:
        del tensors[name]
    else:
        tensors[name] = tensor
    with pytest.raises(UserError, match="The checkpoint is damaged"):
        optimizer_state(tensors, weights, built.make_optimizer)
