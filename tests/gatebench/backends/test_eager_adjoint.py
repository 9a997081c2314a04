"""The derived programs in torch operations, forward and back by hand."""

import torch

from gatebench import load_cell
from gatebench.backends.eager_adjoint import EagerAdjoint
from gatebench.derive.adjoint import adjoint
from tests.gatebench.backends.agree import draw


def test_forward_keeps_every_step_and_backward_gives_one_gradient_each() -> None:
    cell = load_cell("gru_before")
    weights, x, state = draw(cell, 5, 3, 2, 4)
    walk = EagerAdjoint(adjoint(cell.definitions), weights, x, None)
    output, final, gate = walk.forward(state, ("z",))
    assert len(walk.kept) == 5
    assert torch.equal(output[-1], final)
    assert gate.shape == (5, 3, 4)
    dx, start, *others = walk.backward(torch.ones_like(output), (None,))
    assert (dx.shape, start.shape) == (x.shape, state[0].shape)
    assert [g.shape for g in others] == [w.shape for w in weights.values()]
