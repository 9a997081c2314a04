"""How the backward pass is cut up, and that only what is wanted is computed."""

import pytest
import torch

from gatebench import load_cell
from gatebench.backends import fused
from gatebench.backends.fused.gradients import _ring_rows
from tests.backends.agree import draw


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
