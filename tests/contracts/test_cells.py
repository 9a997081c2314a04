"""What must be true of every cell, on every backend that does not refuse it."""

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from gatebench import Recurrent, cell_names, load_cell
from gatebench.backends import BACKENDS, Workload
from gatebench.errors import UserError
from tests.layers import B, H, T, build, inputs, parts, passed, start
from tests.witness import WITNESSES, draw, shapes, states

NAMES = cell_names()
SQUARE = [name for name in NAMES if load_cell(name).definitions.square]

LENGTHS = torch.tensor([3, 5, 1])
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "lengths": {},
    "two layers": {"num_layers": 2},
    "bidirectional": {"bidirectional": True},
    "all": {"num_layers": 2, "bidirectional": True, "batch_first": True},
}

OTHERS = [
    (name, backend)
    for name in NAMES
    for backend in BACKENDS
    if backend != "reference" and BACKENDS[backend].refuses(load_cell(name), Workload(T, B, 3, H, "float64")) is None
]
"""Every cell with every backend that runs it, but for the reference."""

UNBOUNDED = {
    "lstm_relu_gates": "f = relu(…) multiplies c at every step, so c grows like a product of inputs",
}
"""Cells that overflow on huge inputs, and why that is in their equations."""


def close(ours: Tensor, theirs: Tensor, tolerance: float = 1e-10) -> None:
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


def test_every_cell_has_a_witness_and_every_witness_a_cell() -> None:
    assert set(NAMES) == set(WITNESSES)


@pytest.mark.parametrize("name", NAMES)
def test_is_what_its_witness_says(name: str) -> None:
    """Outputs, every state at every step, every gate: to 1e-10, against numpy loops that share no code with ours."""
    x, state, p = draw(name, seed=7)
    layer = Recurrent(load_cell(name), x.shape[2], 4, backend="reference", dtype=torch.float64, steps=30)
    weights = layer.gate_parameters(0)
    assert {each: tuple(weight.shape) for each, weight in weights.items()} == shapes(name, x.shape[2], 4)
    assert layer.cell.memory == states(name)
    with torch.no_grad():
        for each, weight in weights.items():
            weight.copy_(torch.from_numpy(p[each]))
    witness = WITNESSES[name](x, state, p)
    memory = tuple(torch.from_numpy(state[each])[None] for each in states(name))
    x_TBI = torch.from_numpy(x)
    output, _, gates = layer.trace(x_TBI, memory)
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
    reference = build(name, **SETTINGS[setting])
    other = copy.deepcopy(reference)
    other.backend = backend
    x, state = inputs(reference), start(reference)
    lengths = LENGTHS if setting in ("lengths", "all") else None
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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", ["reference", "auto"])
def test_padded_steps_leave_the_state_alone_and_give_zeros(name: str, backend: str) -> None:
    layer = build(name, backend=backend)
    x, state = inputs(layer), start(layer)
    lengths = torch.tensor([3, 5, 1])
    padded = x.clone()
    for b, length in enumerate(lengths):
        padded[length:, b] = float("nan")
    output, final = layer(padded.requires_grad_(), passed(layer, state), lengths)
    for b, length in enumerate(lengths.tolist()):
        alone, end = layer(x[:length, b : b + 1], passed(layer, tuple(part[:, b : b + 1] for part in state)))
        close(output[:length, b : b + 1], alone)
        assert (output[length:, b] == 0).all()
        for ours, theirs in zip(parts(final), parts(end), strict=True):
            close(ours[:, b : b + 1], theirs)
    slopes = torch.autograd.grad(output.sum() + sum(part.sum() for part in parts(final)), [padded, *layer.parameters()])
    assert all(slope.isfinite().all() for slope in slopes), "a NaN in the padding reached a gradient"


@pytest.mark.parametrize("name", NAMES)
def test_a_sequence_of_length_0_gives_its_state_back(name: str) -> None:
    layer = build(name, backend="auto")
    state = start(layer)
    output, final = layer(inputs(layer), passed(layer, state), torch.tensor([0, 5, 2]))
    assert (output[:, 0] == 0).all()
    for ours, theirs in zip(parts(final), state, strict=True):
        assert torch.equal(ours[:, 0], theirs[:, 0])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", ["reference", "auto"])
def test_a_nan_stays_in_its_sequence(name: str, backend: str) -> None:
    layer = build(name, backend=backend)
    x = inputs(layer)
    poisoned = x.clone()
    poisoned[1, 1] = float("nan")
    clean, _ = layer(x)
    poisoned.requires_grad_()
    output, final = layer(poisoned)
    assert output[1:, 1].isnan().any()
    assert torch.equal(output[:1, 1], clean[:1, 1])
    others = [0, 2]
    close(output[:, others], clean[:, others])
    assert all(part[:, others].isfinite().all() for part in parts(final))
    (slope,) = torch.autograd.grad(output[:, others].sum(), poisoned)
    assert slope[:, others].isfinite().all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("backend", ["reference", "auto"])
def test_the_smallest_sizes_and_the_empty_batch(name: str, backend: str) -> None:
    layer = build(name, I=1, H=1, backend=backend, bidirectional=True)
    for time, batch in ((1, 1), (1, 0), (3, 0), (3, 1)):
        x = inputs(layer, T=time, B=batch)
        for lengths in (None, torch.full((batch,), time)):
            output, final = layer(x, lengths=lengths)
            assert output.shape == (time, batch, 2)
            assert [part.shape for part in parts(final)] == [(2, batch, 1)] * len(layer.cell.memory)
            assert output.isfinite().all()
            output.sum().backward()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1e4, 1e-30])
def test_huge_and_tiny_inputs_stay_finite(name: str, size: float) -> None:
    cell = load_cell(name)
    torch.manual_seed(0)
    layer = Recurrent(cell, 4, 4, backend="reference", steps=30)
    x = size * torch.randn(40, 3, 4)
    output, final = layer(x)
    slopes = torch.autograd.grad(output.sum(), list(layer.parameters()))
    finite = all(value.isfinite().all() for value in (output, *parts(final), *slopes))
    if size > 1 and name in UNBOUNDED:
        overflows = Recurrent(cell, 4, 4, backend="reference", generator=torch.Generator().manual_seed(1))
        assert not all(part.isfinite().all() for part in parts(overflows(1e3 * x.abs())[1])), "is no longer unbounded"
    else:
        assert finite


@pytest.mark.parametrize("name", NAMES)
def test_copies_and_files_hold_the_same_layer(name: str) -> None:
    layer = build(name, num_layers=2)
    x = inputs(layer)
    expected, _ = layer(x)
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    loaded = build(name, seed=9, num_layers=2)
    assert not torch.equal(loaded(x)[0], expected)
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for other in (loaded, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert torch.equal(other(x)[0], expected)
        assert other.cell == layer.cell
        assert other.cell.digest == layer.cell.digest


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_float64_rounded_with_or_without_gradients(name: str) -> None:
    layer = build(name)
    x = inputs(layer)
    exact, _ = layer(x)
    single, final = copy.deepcopy(layer).float()(x.float())
    assert single.dtype == torch.float32
    assert all(part.dtype == torch.float32 for part in parts(final))
    torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=1e-5)
    with torch.no_grad():
        without, _ = layer(x)
    assert not without.requires_grad
    assert torch.equal(without, exact)


@pytest.mark.parametrize("name", SQUARE)
def test_cells_that_add_their_input_to_hidden_units_need_equal_sizes(name: str) -> None:
    with pytest.raises(UserError, match="needs I = H; here I = 3 and H = 2"):
        Recurrent(load_cell(name), 3, 2)
