"""The output as a function of the last hidden states. T time, B batch, H hidden."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench.nn.perturbed_states import perturbed_output
from gatebench.nn.recurrent import Recurrent
from tests.gatebench.nn.layers import B, H, T, build, inputs, parts, passed

SETTINGS: list[dict[str, Any]] = [{}, {"num_layers": 2}, {"bidirectional": True}]
RAGGED = torch.tensor([3, 5, 1])


def loss_of(output: Tensor) -> Tensor:
    """Return a loss that reads every step with weights of its own."""
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(7), dtype=output.dtype)
    return (torch.sin(output) * weights).sum()


def interrupted_output(layer: Recurrent, x: Tensor, step: int, added: Tensor) -> Tensor:
    """Return the output (T, 1, H) of a single layer that is stopped after a step, where h is changed."""
    first, state = layer(x[: step + 1])
    changed = (parts(state)[0] + added, *parts(state)[1:])
    output = torch.cat([first[:-1], first[-1:] + added])
    if step + 1 == len(x):
        return output
    rest, _ = layer(x[step + 1 :], passed(layer, changed))
    return torch.cat([output, rest])


@pytest.mark.parametrize("lengths", [None, RAGGED])
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("lags", [[0], [0, 1, 2], [0, 1, 2, 3, 4], [0, 3]])
def test_without_a_perturbation_it_is_the_output(
    lengths: Tensor | None, settings: dict[str, Any], lags: list[int]
) -> None:
    layer = build("lstm_peephole", **settings).eval()
    x = inputs(layer)
    expected, _ = layer(x, lengths=lengths)
    found = perturbed_output(layer, x, lengths, lags, torch.zeros(len(lags), B, H, dtype=torch.float64))
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("cell", ["lstm", "gru", "gru_before", "rnn_tanh", "slstm", "mingru", "lstm_peephole"])
@pytest.mark.parametrize("step", range(T))
def test_the_gradient_is_the_total_derivative_by_finite_differences(cell: str, step: int) -> None:
    layer = build(cell).eval()
    x = inputs(layer)[:, :1]
    perturbation = torch.zeros(T, 1, H, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(
        loss_of(perturbed_output(layer, x, None, list(range(T)), perturbation)), perturbation
    )
    for unit in range(H):
        added = torch.zeros(H, dtype=torch.float64)
        added[unit] = 1e-6
        with torch.no_grad():
            more, less = (loss_of(interrupted_output(layer, x, step, sign * added)) for sign in (1, -1))
        assert gradient[T - 1 - step, 0, unit].item() == pytest.approx((more - less).item() / 2e-6, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_gradients_of_a_padded_batch_are_those_of_its_sequences(settings: dict[str, Any]) -> None:
    layer = build("lstm", **settings).eval()
    x = inputs(layer)
    lags = [0, 1, 3]
    perturbation = torch.zeros(3, B, H, dtype=torch.float64, requires_grad=True)
    output = perturbed_output(layer, x, RAGGED, lags, perturbation)
    (together,) = torch.autograd.grad(torch.sin(output).sum(), perturbation)
    for b, length in enumerate(RAGGED.tolist()):
        alone = torch.zeros(length, 1, H, dtype=torch.float64, requires_grad=True)
        output = perturbed_output(layer, x[:length, b : b + 1], None, list(range(length)), alone)
        (expected,) = torch.autograd.grad(torch.sin(output).sum(), alone)
        for number, lag in enumerate(lags):
            if lag < length:
                torch.testing.assert_close(together[number, b], expected[lag, 0], rtol=1e-10, atol=1e-12)
            else:
                assert not together[number, b].any()


def test_the_last_layer_is_perturbed_and_not_those_below() -> None:
    layer = build("gru", num_layers=2).eval()
    top = build("gru", I=H).eval()
    for name, weight in top.gate_parameters(0).items():
        weight.data = layer.gate_parameters(1)[name].data
    below = build("gru").eval()
    for name, weight in below.gate_parameters(0).items():
        weight.data = layer.gate_parameters(0)[name].data
    x = inputs(layer)
    added = torch.randn(2, B, H, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    middle, _ = below(x)
    found, expected = (perturbed_output(one, read, None, [0, 2], added) for one, read in ((layer, x), (top, middle)))
    torch.testing.assert_close(found, expected)
