import pytest
import torch
from torch import nn

from gatebench.training.batches import Batches
from gatebench.training.penalties import add_penalty_gradients, is_bias
from tests.gatebench.training.sign import TRIAL
from tests.gatebench.training.test_learner import learner
from tests.gatebench.training.test_weight_noise import changes, step


def test_the_gradient_of_both_penalties() -> None:
    layer = nn.Linear(2, 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, -2.0]]))
        layer.bias.fill_(3.0)
    layer.weight.grad, layer.bias.grad = torch.tensor([[1.0, 1.0]]), torch.tensor([1.0])
    add_penalty_gradients(layer, 0.1, 0.01)
    assert torch.allclose(layer.weight.grad, torch.tensor([[1 + 0.1 + 0.005, 1 - 0.1 - 0.02]]))
    assert torch.equal(layer.bias.grad, torch.tensor([1.0]))
    layer.zero_grad()
    add_penalty_gradients(layer, 0.0, 0.01)
    assert torch.allclose(layer.weight.grad, torch.tensor([[0.005, -0.02]]))


def test_the_biases_of_a_network() -> None:
    built = learner()
    names = [name for name, _ in built.network.named_parameters()]
    assert {name.rpartition(".")[2] for name in names if is_bias(name)} == {"bias", "b_f", "b_g", "b_i", "b_o"}
    assert not is_bias("encoder.b_x.weight")


@pytest.mark.parametrize("settings", [{"l1": 0.02}, {"l2": 0.3}, {"l1": 0.02, "l2": 0.3}])
def test_a_step_has_the_gradient_of_the_loss_with_the_penalties(settings: dict[str, float]) -> None:
    before, after = step(settings)
    (batch,) = Batches(before.problem.train, 256, TRIAL.seed)
    weights = dict(before.network.named_parameters())
    loss = before.problem.loss(before.network(batch), batch)
    for name, weight in weights.items():
        if not is_bias(name):
            loss = loss + settings.get("l1", 0) * weight.abs().sum() + settings.get("l2", 0) / 2 * (weight**2).sum()
    gradient = torch.autograd.grad(loss, list(before.parameters()))
    for one, change in zip(gradient, changes(before, after), strict=True):
        assert torch.allclose(one, change, rtol=1e-4, atol=1e-6)


def test_the_recorded_loss_is_without_the_penalties() -> None:
    _, after = step({"l2": 100.0})
    before, _ = step({})
    (batch,) = Batches(before.problem.train, 256, TRIAL.seed)
    expected = before.problem.loss(before.network(batch), batch).item()
    assert after.history[0]["train/loss"] == pytest.approx(expected, rel=1e-5)


def test_the_penalties_are_limited_with_the_gradient() -> None:
    before, after = step({"l2": 100.0})
    free = torch.cat([one.flatten() for one in changes(before, after)]).norm()
    before, after = step({"l2": 100.0, "gradient_rescale": 0.5})
    assert free > 1
    assert torch.cat([one.flatten() for one in changes(before, after)]).norm().item() == pytest.approx(0.5, rel=1e-4)
