import numpy as np
import pytest
from torch import nn

from gatebench.errors import UserError
from gatebench.export.module_nodes import module_nodes
from gatebench.export.onnx_nodes import OnnxGraph


@pytest.mark.parametrize(
    ("module", "operations"),
    [
        (nn.Identity(), []),
        (nn.Dropout(0.5), []),
        (nn.Linear(2, 3), ["MatMul", "Add"]),
        (nn.Sequential(nn.Embedding(3, 2), nn.Linear(2, 3)), ["Gather", "MatMul", "Add"]),
    ],
)
def test_modules_of_torch_become_nodes(module: nn.Module, operations: list[str]) -> None:
    graph = OnnxGraph(np.dtype(np.float32))
    result = module_nodes(graph, module, "x", None)
    assert [node.op_type for node in graph.nodes] == operations
    assert result == (graph.nodes[-1].output[0] if operations else "x")


@pytest.mark.parametrize("module", [nn.Tanh(), nn.Linear(2, 3, bias=False), nn.Embedding(3, 2, max_norm=1.0)])
def test_other_modules_are_refused(module: nn.Module) -> None:
    with pytest.raises(UserError, match=f"The module {type(module).__name__} of this task cannot be exported"):
        module_nodes(OnnxGraph(np.dtype(np.float32)), module, "x", None)
