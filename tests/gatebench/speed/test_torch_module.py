"""torch's own module computes what the table says, and every gradient of it is found under the table's name."""

import pytest
import torch

from gatebench import load_cell
from gatebench.speed.agreement import disagreement, truth
from gatebench.speed.layer_step import LayerCase
from gatebench.speed.shape import Shape
from gatebench.speed.torch_module import TorchModule, refuses


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn_tanh", "rnn_relu"])
def test_the_module_agrees_with_the_table(name: str) -> None:
    problem = LayerCase(load_cell(name), Shape(6, 3, 2, 4))
    expected, module = truth(problem), TorchModule(problem)
    assert refuses(problem.cell) is None
    assert disagreement("torch", module.result(), expected, trace=False) is None
    with torch.no_grad():
        next(module.module.parameters()).mul_(1.01)
    assert disagreement("torch", module.result(), expected, trace=False) is not None


def test_a_step_leaves_no_gradient() -> None:
    module = TorchModule(LayerCase(load_cell("gru"), Shape(6, 3, 2, 4)))
    module.step()
    assert all(tensor.grad is None for tensor in module.given)


def test_torch_has_no_module_of_other_cells() -> None:
    assert refuses(load_cell("janet")) == "torch has no module with the equations of janet."
