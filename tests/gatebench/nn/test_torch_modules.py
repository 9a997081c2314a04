"""Conversion from and to the modules of torch."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

from gatebench import Recurrent, load_cell
from gatebench.errors import UserError
from gatebench.nn.torch_modules import MODULES, from_torch, to_torch
from tests.gatebench.nn.layers import build, inputs, parts, passed, start

SETTINGS: list[dict[str, Any]] = [
    {},
    {"num_layers": 2, "bidirectional": True, "batch_first": True, "dropout": 0.5},
    {"num_layers": 3},
]


def theirs(name: str, settings: dict[str, Any]) -> nn.RNNBase:
    kind, special = MODULES[name]
    torch.manual_seed(0)
    return kind(3, 2, dtype=torch.float64, **special, **settings)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("backend", ["native", "reference"])
def test_from_torch_computes_the_same(name: str, settings: dict[str, Any], backend: str) -> None:
    module = theirs(name, settings).eval()
    layer = from_torch(module)
    layer.backend = backend
    assert layer.cell.name == name
    assert not layer.training
    x, state = inputs(layer), passed(layer, start(layer))
    expected, final = module(x, state)
    output, end = layer(x, state)
    torch.testing.assert_close(output, expected, rtol=1e-12, atol=1e-12)
    for ours, other in zip(parts(end), parts(final), strict=True):
        torch.testing.assert_close(ours, other, rtol=1e-12, atol=1e-12)
    assert (layer.batch_first, layer.dropout) == (module.batch_first, module.dropout)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", [*MODULES, "lstm_b", "lstm_np", "irnn"])
def test_to_torch_and_back_is_the_same_layer(name: str, settings: dict[str, Any]) -> None:
    layer = build(name, **settings).eval()
    module = to_torch(layer)
    x, state = inputs(layer), passed(layer, start(layer))
    output, final = layer(x, state)
    expected, end = module(x, state)
    torch.testing.assert_close(output, expected, rtol=1e-12, atol=1e-12)
    for ours, other in zip(parts(final), parts(end), strict=True):
        torch.testing.assert_close(ours, other, rtol=1e-12, atol=1e-12)
    assert (module.batch_first, module.dropout, module.training) == (layer.batch_first, layer.dropout, False)
    again = from_torch(module)
    for (key, ours), (same, back) in zip(layer.named_parameters(), again.named_parameters(), strict=True):
        assert key == same
        assert torch.equal(ours, back)


def test_two_biases_become_one_except_in_the_candidate_of_the_gru() -> None:
    module = theirs("gru", {})
    weights = from_torch(module).gate_parameters(0)
    outer, inner = module.bias_ih_l0.chunk(3), module.bias_hh_l0.chunk(3)  # type: ignore[operator]
    torch.testing.assert_close(weights["b.r"], outer[0] + inner[0])
    torch.testing.assert_close(weights["b.z"], outer[1] + inner[1])
    assert torch.equal(weights["b.n"], outer[2])
    assert torch.equal(weights["d.n"], inner[2])


def test_a_conversion_copies_the_weights_and_draws_no_random_numbers() -> None:
    module = theirs("lstm", {})
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    layer = from_torch(module)
    back = to_torch(layer)
    assert torch.equal(torch.rand(1), expected)
    before = copy.deepcopy(module.state_dict())
    with torch.no_grad():
        for weight in [*layer.parameters(), *back.parameters()]:
            weight.zero_()
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())


def test_a_converted_module_can_be_trained() -> None:
    module = to_torch(build("lstm"))
    module(torch.randn(4, 2, 3, dtype=torch.float64))[0].sum().backward()
    assert all(weight.grad is not None for weight in module.parameters())


class Mine(nn.LSTM):
    """A subclass may compute anything."""


@pytest.mark.parametrize(
    ("module", "sentence"),
    [
        (nn.LSTM(3, 2, bias=False), "with bias=False cannot be converted; gatebench's cells have biases"),
        (nn.LSTM(3, 4, proj_size=2), "with proj_size=2 cannot be converted"),
        (Mine(3, 2), "A Mine cannot be converted; only torch.nn's LSTM, GRU and RNN"),
        (nn.Linear(3, 2), "A Linear cannot be converted"),
    ],
)
def test_other_modules_are_refused(module: nn.Module, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        from_torch(module)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["lstm_peephole", "gru_before", "lstm_hard_gates"])
def test_other_cells_are_refused(name: str) -> None:
    with pytest.raises(
        UserError, match=f"torch.nn has exactly lstm, gru, rnn_tanh, rnn_relu; {name} has other equations"
    ):
        to_torch(Recurrent(load_cell(name), 3, 2))
