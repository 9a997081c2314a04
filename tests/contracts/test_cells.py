"""What must be true of every cell, on every backend that does not refuse it."""

import copy
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from gatebench import Recurrent, load_cell
from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS
from gatebench.errors import UserError
from tests.contracts.population import EVERY, NAMES, OTHERS, SQUARE
from tests.gatebench.nn.layers import build, inputs, parts, passed, start
from tests.witness import WITNESSES, draw, shapes, states

LENGTHS = torch.tensor([3, 5, 1])
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "lengths": {},
    "lengths, two layers, both directions, batch first": {"num_layers": 2, "bidirectional": True, "batch_first": True},
}


def close(ours: Tensor, theirs: Tensor, tolerance: float = 1e-10) -> None:
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def test_every_cell_has_a_witness_and_every_witness_a_cell() -> None:
    assert set(NAMES) == set(WITNESSES)


@pytest.mark.parametrize(("name", "backend"), EVERY)
def test_is_what_its_witness_says(name: str, backend: str) -> None:
    """Outputs, every state at every step, every gate: to 1e-10, against numpy loops that share no code with ours."""
    x, state, p = draw(name, seed=7)
    layer = Recurrent(load_cell(name), x.shape[2], 4, backend=backend, dtype=torch.float64, steps=30)
    weights = layer.gate_parameters(0)
    assert {each: tuple(weight.shape) for each, weight in weights.items()} == shapes(name, x.shape[2], 4)
    assert layer.cell.memory == states(name)
    with torch.no_grad():
        for each, weight in weights.items():
            weight.copy_(torch.from_numpy(p[each]))
    witness = WITNESSES[name](x, state, p)
    memory = tuple(torch.from_numpy(state[each])[None] for each in states(name))
    x_TBI = torch.from_numpy(x)
    close(layer(x_TBI, memory)[0], torch.from_numpy(witness["states"]["h"]))
    if BACKENDS[backend].refuses(layer.cell, Workload.of(x_TBI, 4, trace=True)) is None:
        output, _, gates = layer.trace(x_TBI, memory, backend=backend)
        close(output, torch.from_numpy(witness["states"]["h"]))
        assert gates[0].keys() == witness["gates"].keys()
        for gate, values in gates[0].items():
            close(values, torch.from_numpy(witness["gates"][gate]))
    for t in range(len(x)):
        _, new = layer(x_TBI[t : t + 1], memory)
        memory = parts(new)
        for each, value in zip(states(name), memory, strict=True):
            close(value[0], torch.from_numpy(witness["states"][each][t]))


def gradients(layer: Recurrent, x: Tensor, state: tuple[Tensor, ...], lengths: Tensor | None) -> dict[str, Tensor]:
    """Return the output, the final state, and the gradients of a weighted sum of both into everything."""
    x, state = x.clone().requires_grad_(), tuple(part.clone().requires_grad_() for part in state)
    output, final = layer(x, passed(layer, state), lengths)
    found = {"output": output, **{f"final {m}": part for m, part in zip(layer.cell.memory, parts(final), strict=True)}}
    generator = torch.Generator().manual_seed(3)
    loss = sum(
        (value * torch.randn(value.shape, generator=generator, dtype=value.dtype)).sum() for value in found.values()
    )
    wanted = {"x": x, **{f"initial {m}": part for m, part in zip(layer.cell.memory, state, strict=True)}}
    wanted |= dict(layer.named_parameters())
    slopes = torch.autograd.grad(loss, list(wanted.values()))
    return found | {f"gradient into {name}": slope for name, slope in zip(wanted, slopes, strict=True)}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(("name", "backend"), OTHERS)
def test_backends_agree_in_outputs_states_and_all_gradients(name: str, backend: str, setting: str) -> None:
    both = SETTINGS[setting].get("bidirectional", False) and name not in SQUARE
    reference = build(name, **(SETTINGS[setting] | {"bidirectional": both}))
    other = copy.deepcopy(reference)
    other.backend = backend
    x, state = inputs(reference), start(reference)
    lengths = LENGTHS if setting.startswith("lengths") else None
    expected = gradients(reference, x, state, lengths)
    found = gradients(other, x, state, lengths)
    assert other.backends_used == (backend,)
    assert found.keys() == expected.keys()
    for each, value in found.items():
        close(value, expected[each])


def test_some_cell_runs_on_a_faster_backend() -> None:
    assert {name for name, _ in OTHERS} >= {"lstm", "gru", "rnn_tanh", "rnn_relu", "irnn", "lstm_b", "lstm_np"}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("setting", ["initial state", "lengths", "two layers"])
def test_gradcheck(name: str, setting: str) -> None:
    layer = build(name, num_layers=2 if setting == "two layers" else 1)
    lengths = torch.tensor([2, 0, 3]) if setting == "lengths" else None
    weights = {key: weight.detach().clone().requires_grad_() for key, weight in layer.named_parameters()}
    given = [inputs(layer, T=3), *start(layer), *weights.values()]

    def run(*tensors: Tensor) -> tuple[Tensor, ...]:
        x, state = tensors[0], tensors[1 : 1 + len(layer.cell.memory)]
        named = dict(zip(weights, tensors[1 + len(state) :], strict=True))
        output, final = functional_call(layer, named, (x, passed(layer, state), lengths))
        return (output, *parts(final))

    assert torch.autograd.gradcheck(run, [tensor.requires_grad_() for tensor in given], fast_mode=True)


@pytest.mark.parametrize("name", SQUARE)
def test_cells_that_add_their_input_to_hidden_units_need_equal_sizes(name: str) -> None:
    with pytest.raises(UserError, match="needs I = H; here I = 3 and H = 2"):
        Recurrent(load_cell(name), 3, 2)
