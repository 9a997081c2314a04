"""The derived backward pass in torch operations, compared with that of autograd."""

import pytest
import torch

from gatebench import cell_names, load_cell
from gatebench.backends import manual
from gatebench.backends.contract import Workload
from gatebench.errors import Refusal
from tests.gatebench.backends.agree import assert_agreement, draw

INEXACT = {"lstm_hard_gates": 1e-7}  # torch differentiates hard_sigmoid with 1/6 in float32, whatever the dtype


@pytest.mark.parametrize("name", cell_names())
def test_agrees_with_the_reference(name: str) -> None:
    cell, tolerance = load_cell(name), INEXACT.get(name, 1e-13)
    assert_agreement(manual, cell, (5, 3, 2, 4), torch.float64, tolerance)
    assert_agreement(manual, cell, (5, 4, 3, 3), torch.float64, tolerance, lengths=[5, 3, 1, 0])


def test_refusals() -> None:
    assert "at least one step" in (manual.refuses(load_cell("lstm"), Workload(0, 3, 2, 4)) or "")
    weights, x, state = draw(load_cell("lstm"), 5, 3, 2, 4)
    x.requires_grad_()
    run = manual.run(load_cell("lstm"), weights, x, state, None, True)
    with pytest.raises(Refusal, match="no second derivative"):
        torch.autograd.grad(run.output.sum(), x, create_graph=True)
    with pytest.raises(Refusal, match="no gradient through traced gates"):
        torch.autograd.backward(run.gates["f"].sum())


def test_without_gradients_it_leaves_no_graph() -> None:
    weights, x, state = draw(load_cell("gru"), 5, 3, 2, 4)
    assert manual.run(load_cell("gru"), weights, x, state, None, False).output.grad_fn is None
