"""torch's own module has the results of the cell, and its gradients have the names of the cell's table."""

import pytest
import torch

from gatebench import load_cell
from gatebench.speed.agreement import disagreement, reference_result
from gatebench.speed.layer_case import LayerCase
from gatebench.speed.shape import Shape
from gatebench.speed.torch_module import TorchModule, refuses


@pytest.mark.parametrize("name", ["lstm", "gru", "rnn_tanh", "rnn_relu"])
def test_the_module_agrees_with_the_table(name: str) -> None:
    case = LayerCase(load_cell(name), Shape(6, 3, 2, 4))
    expected, module = reference_result(case), TorchModule(case)
    assert refuses(case.cell) is None
    assert disagreement("torch", module.result(), expected, trace=False) is None
    with torch.no_grad():
        next(module.module.parameters()).mul_(1.01)
    assert disagreement("torch", module.result(), expected, trace=False) is not None


def test_a_training_step_leaves_no_gradient() -> None:
    module = TorchModule(LayerCase(load_cell("gru"), Shape(6, 3, 2, 4)))
    module.training_step()
    assert all(tensor.grad is None for tensor in module.inputs)


def test_torch_has_no_module_for_other_cells() -> None:
    assert refuses(load_cell("janet")) == "torch has no module with the equations of janet."
