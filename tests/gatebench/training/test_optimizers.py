"""Each optimiser against steps that are computed by hand, from the equations in its paper."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import pytest
import torch
from torch import nn, optim

from gatebench.training.optimizers import GravesRMSprop, make_optimizer
from gatebench.training_settings import OPTIMIZERS, Training

GRADIENTS = (0.5, -0.2, 0.3)
RATE = 0.1


def weights(gradients: Sequence[float] = GRADIENTS, start: float = 1.0, **settings: Any) -> list[float]:
    """Return a weight in float64 after each step with these gradients."""
    weight = nn.Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer = make_optimizer(Training(learning_rate=RATE, **settings), [weight])
    found = []
    for gradient in gradients:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        found.append(weight.item())
    return found


def test_momentum() -> None:
    """v ← μ v + g, w ← w − η v (Polyak 1964)."""
    v1 = 0.5
    v2 = 0.9 * v1 - 0.2
    v3 = 0.9 * v2 + 0.3
    expected = [1 - 0.1 * v1, 1 - 0.1 * (v1 + v2), 1 - 0.1 * (v1 + v2 + v3)]
    assert weights(optimizer="sgd", momentum=0.9) == pytest.approx(expected, rel=1e-12)


def test_nesterov() -> None:
    """v ← μ v + g, w ← w − η (g + μ v) (Sutskever et al. 2013, in the form of torch)."""
    v1 = 0.5
    v2 = 0.9 * v1 - 0.2
    one = 1 - 0.1 * (0.5 + 0.9 * v1)
    two = one - 0.1 * (-0.2 + 0.9 * v2)
    assert weights(optimizer="sgd", momentum=0.9, nesterov=True)[:2] == pytest.approx([one, two], rel=1e-12)


def test_the_learning_rate_is_scaled_by_one_minus_the_momentum() -> None:
    scaled = weights(optimizer="sgd", momentum=0.9, momentum_scales_rate=True)
    assert scaled[0] == pytest.approx(1 - 0.1 * (1 - 0.9) * 0.5, rel=1e-12)


def test_adagrad() -> None:
    """w ← w − η g / (√(Σ g²) + 1e-10) (Duchi et al. 2011)."""
    one = 1 - 0.1 * 0.5 / (sqrt(0.25) + 1e-10)
    two = one + 0.1 * 0.2 / (sqrt(0.25 + 0.04) + 1e-10)
    assert weights(optimizer="adagrad")[:2] == pytest.approx([one, two], rel=1e-12)


def test_rmsprop_with_a_decay_and_momentum() -> None:
    n1 = 0.05 * 0.25
    n2 = 0.95 * n1 + 0.05 * 0.04
    v1 = 0.5 / (sqrt(n1) + 1e-8)
    v2 = 0.9 * v1 - 0.2 / (sqrt(n2) + 1e-8)
    found = weights(optimizer="rmsprop", rms_decay=0.95, momentum=0.9)
    assert found[:2] == pytest.approx([1 - 0.1 * v1, 1 - 0.1 * (v1 + v2)], rel=1e-12)


def test_rmsprop_of_graves() -> None:
    n1, g1 = 0.05 * 0.25, 0.05 * 0.5
    n2, g2 = 0.95 * n1 + 0.05 * 0.04, 0.95 * g1 - 0.05 * 0.2
    d1 = -0.1 * 0.5 / sqrt(n1 - g1**2 + 1e-4)
    d2 = 0.9 * d1 + 0.1 * 0.2 / sqrt(n2 - g2**2 + 1e-4)
    found = weights(optimizer="rmsprop_graves", momentum=0.9)
    assert found[:2] == pytest.approx([1 + d1, 1 + d1 + d2], rel=1e-12)


def test_rmsprop_of_graves_is_that_of_torch_in_the_limit_of_a_small_constant() -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(9, generator=generator, dtype=torch.float64)
    ours, theirs = nn.Parameter(start.clone()), nn.Parameter(start.clone())
    options: dict[str, Any] = {"lr": 0.01, "alpha": 0.9, "momentum": 0.5, "weight_decay": 0.1, "eps": 1e-14}
    both = [GravesRMSprop([ours], **options), optim.RMSprop([theirs], centered=True, **options)]
    for _ in range(5):
        gradient = torch.randn(9, generator=generator, dtype=torch.float64)
        for weight, optimizer in zip((ours, theirs), both, strict=True):
            weight.grad = gradient.clone()
            optimizer.step()
    assert torch.allclose(ours, theirs, rtol=1e-9, atol=0)
    assert not torch.equal(ours, torch.nn.Parameter(start))


def test_rmsprop_of_graves_stays_finite_if_the_gradient_is_constant() -> None:
    """The variance of a constant gradient is 0 up to rounding, which torch's centred form divides by."""
    found = weights([0.37] * 3000, optimizer="rmsprop_graves")
    assert all(one < other for one, other in zip(found[1:], found, strict=False))
    assert found[-1] - found[-2] == pytest.approx(-0.1 * 0.37 / 1e-2, rel=1e-6)


def test_rmsprop_of_graves_computes_the_loss_with_a_closure() -> None:
    weight = nn.Parameter(torch.ones(1))
    optimizer = GravesRMSprop([weight])

    def closure() -> float:
        loss = (weight**2).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    assert optimizer.step(closure) == 1
    assert weight.item() < 1
    weight.grad = None
    assert optimizer.step() is None


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_weight_decay(name: str) -> None:
    decayed, plain = (weights([0.5], optimizer=name, weight_decay=decay)[0] for decay in (0.1, 0.0))
    if name == "sgd":
        assert decayed == pytest.approx(1 - 0.1 * (0.5 + 0.1), rel=1e-12)
    elif name == "adamw":
        assert decayed == pytest.approx(plain - 0.1 * 0.1, rel=1e-12)
    else:  # the gradient of the penalty is a part of the gradient
        assert decayed == weights([0.5 + 0.1], optimizer=name)[0]


TORCH_OPTIMIZERS = [name for name in OPTIMIZERS if name != "rmsprop_graves"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        *((name, settings) for name in TORCH_OPTIMIZERS for settings in ({}, {"weight_decay": 0.1})),
        ("sgd", {"momentum": 0.9, "nesterov": True}),
        ("rmsprop", {"momentum": 0.9}),
    ],
)
def test_all_weights_at_once_have_the_bits_of_one_after_another(name: str, settings: dict[str, Any]) -> None:
    training = Training(learning_rate=0.01, optimizer=name, **settings)
    draws = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=draws) for shape in ((7, 5), (5,), (3, 4), (1,))]
    together, single = ([nn.Parameter(one.clone()) for one in start] for _ in range(2))
    fast, plain = make_optimizer(training, together), make_optimizer(training, single)
    assert plain.param_groups[0]["foreach"] is True
    plain.param_groups[0]["foreach"] = False
    for _ in range(20):
        for first, second in zip(together, single, strict=True):
            gradient = torch.randn(first.shape, generator=draws)
            first.grad, second.grad = gradient, gradient.clone()
        fast.step()
        plain.step()
    assert all(torch.equal(first, second) for first, second in zip(together, single, strict=True))
