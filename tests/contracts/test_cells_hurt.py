"""Inputs that hurt, on every cell: padding, NaN, the smallest sizes, huge and tiny values; and copies of layers."""

import copy
import io
import pickle

import pytest
import torch
from torch import Tensor

from gatebench import Recurrent, load_cell
from gatebench.backends.contract import Workload
from gatebench.backends.registry import BACKENDS
from gatebench.errors import Refusal
from tests.contracts.population import EVERY, NAMES
from tests.gatebench.nn.layers import build, inputs, parts, passed, start

UNBOUNDED = {
    "lstm_relu_gates": "f = relu(…) multiplies c at every step, so c grows like a product of inputs",
}
"""Cells that overflow on huge inputs, and why that is in their equations."""


def close(ours: Tensor, theirs: Tensor, tolerance: float = 1e-10) -> None:
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "backend"), EVERY)
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


@pytest.mark.parametrize(("name", "backend"), EVERY)
def test_a_sequence_of_length_0_gives_its_state_back(name: str, backend: str) -> None:
    layer = build(name, backend=backend)
    if backend == "native":
        with pytest.raises(Refusal, match="native cannot run a sequence of length 0"):
            layer(inputs(layer), lengths=torch.tensor([0, 5, 2]))
        return
    state = start(layer)
    output, final = layer(inputs(layer), passed(layer, state), torch.tensor([0, 5, 2]))
    assert (output[:, 0] == 0).all()
    for ours, theirs in zip(parts(final), state, strict=True):
        assert torch.equal(ours[:, 0], theirs[:, 0])


@pytest.mark.parametrize(("name", "backend"), EVERY)
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


@pytest.mark.parametrize(("name", "backend"), EVERY)
def test_the_smallest_sizes_and_the_empty_batch(name: str, backend: str) -> None:
    layer = build(name, I=1, H=1, backend=backend, bidirectional=True)
    for time, batch in ((1, 1), (1, 0), (3, 0), (3, 1)):
        x = inputs(layer, T=time, B=batch)
        if BACKENDS[backend].refuses(layer.cell, Workload.of(x, 1)):
            assert batch == 0, "only an empty batch may be refused"
            continue
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
