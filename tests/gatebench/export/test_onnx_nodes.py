import numpy as np
import torch

from gatebench.export.onnx_nodes import OnnxGraph


def test_constants_keep_their_shape_and_floats_have_the_dtype_of_the_weights() -> None:
    graph = OnnxGraph(np.dtype(np.float32))
    graph.constant(0.5)
    graph.constant(np.array(3, np.int64))
    graph.weight(torch.ones(2, 3).mT)
    shapes = [(list(one.dims), one.data_type) for one in graph.constants]
    assert shapes == [([], 1), ([], 7), ([3, 2], 1)]
    assert graph.element_type == 1


def test_names_are_unique_also_in_the_body_of_a_loop() -> None:
    graph = OnnxGraph(np.dtype(np.float32))
    body = graph.body()
    names = [graph.add("Neg", "x"), *body.add_many("Split", ["x"], 2), body.constant(1.0), graph.size("x", 0)]
    assert len(set(names)) == 5
    assert [node.op_type for node in graph.nodes] == ["Neg", "Shape"]
    assert [node.op_type for node in body.nodes] == ["Split"]
    assert [one.name for one in graph.constants] == [names[3]]
    graph.linear("x", torch.ones(2, 3), torch.ones(2))
    assert [node.op_type for node in graph.nodes[-2:]] == ["MatMul", "Add"]
