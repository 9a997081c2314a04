"""How the backward pass is cut up, and that only what is wanted is computed."""

from types import ModuleType

import pytest
import torch

from gatebench import load_cell
from gatebench.backends import fused, reference, scan
from gatebench.backends.fused.gradients import _ring_rows
from tests.gatebench.backends.agree import draw


@pytest.mark.parametrize("T", [1, 2, 3, 100, 784])
@pytest.mark.parametrize(("B", "columns"), [(1, 16), (64, 256), (64, 1040), (4096, 8192)])
def test_the_ring_holds_at_least_two_steps_and_at_most_all(T: int, B: int, columns: int) -> None:
    rows = _ring_rows(T, B, columns)
    assert min(T, 2) <= rows <= T


def test_gradients_that_are_not_wanted_are_not_given() -> None:
    weights, x, state = draw(load_cell("lstm"), 6, 4, 3, 5)
    weights["R.f"].requires_grad_()
    torch.autograd.backward(fused.run(load_cell("lstm"), weights, x, state, None, False).output.sum())
    assert weights["R.f"].grad is not None
    assert x.grad is None
    assert all(w.grad is None for n, w in weights.items() if n != "R.f")


@pytest.mark.parametrize(("name", "backend"), [("lstm_peephole", fused), ("gru_before", fused), ("minlstm", scan)])
@pytest.mark.parametrize("wanted", ["x", "state", "every second weight", "one weight"])
def test_any_choice_of_gradients_is_right(name: str, backend: ModuleType, wanted: str) -> None:
    cell = load_cell(name)
    weights, x, state = draw(cell, 6, 4, 2, 5)
    chosen = {
        "x": [x],
        "state": [state[0]],
        "every second weight": list(weights.values())[1::2],
        "one weight": list(weights.values())[-1:],
    }[wanted]
    for tensor in chosen:
        tensor.requires_grad_()
    found, truth = (
        torch.autograd.grad(b.run(cell, weights, x, state, None, False).output.square().sum(), chosen)
        for b in (backend, reference)
    )
    for ours, theirs in zip(found, truth, strict=True):
        assert torch.allclose(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("name", "backend"), [("lstm", fused), ("minlstm", scan)])
def test_weights_are_known_by_name_and_not_by_their_order(name: str, backend: ModuleType) -> None:
    cell = load_cell(name)
    weights, x, state = draw(cell, 6, 4, 2, 5)
    weights = {n: w.requires_grad_() for n, w in weights.items()}
    turned = dict(reversed(weights.items()))
    found, truth = (
        torch.autograd.grad(backend.run(cell, given, x, state, None, False).output.sum(), list(weights.values()))
        for given in (turned, weights)
    )
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, truth, strict=True))


def test_going_back_twice_adds_the_same_again() -> None:
    weights, x, state = draw(load_cell("lstm"), 6, 4, 3, 5)
    loss = fused.run(load_cell("lstm"), weights, x.requires_grad_(), state, None, False).output.sum()
    torch.autograd.backward(loss, retain_graph=True)
    assert x.grad is not None
    once = x.grad.clone()
    torch.autograd.backward(loss)
    assert torch.equal(x.grad, 2 * once)
