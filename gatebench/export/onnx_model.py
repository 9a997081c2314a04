"""A trained network, or recurrent layers alone, as a model of ONNX.

T time, B batch, I input, H hidden, L layers, D directions, C outputs.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from onnx import TensorProto, helper
from torch import nn, no_grad, zeros

from gatebench.export.layer_nodes import LayerNames, direction_nodes
from gatebench.export.module_nodes import module_nodes
from gatebench.export.onnx_nodes import OPSET, OnnxGraph
from gatebench.export.supported import check_network
from gatebench.nn.recurrent import Recurrent
from gatebench.task import Batch
from gatebench.training.network import Network

X, LENGTHS, LOGITS, OUTPUT = "x", "lengths", "logits", "output"
"""The names of the inputs and outputs of a model."""

IR_VERSION = 8
"""The version of the file format that belongs to `OPSET`."""


def network_model(network: Network, batch: Batch, facts: Mapping[str, str] | None = None) -> onnx.ModelProto:
    """Return a network in evaluation mode as a model of ONNX.

    Its inputs are `x`, (T, B, I) floats or (T, B) whole numbers, and `lengths` (B,) if the task has sequences of
    unequal length. Its output is `logits`. T and B may be any numbers.

    Args:
        network: the trained network, in evaluation mode.
        batch: an example of its input.
        facts: texts that are kept in the file, for example {"study": "mine"}.

    Raises:
        UserError: the encoder or the head cannot be exported, or the network has a body of its own.
    """
    check_network(network)
    graph = _graph(network)
    valid = None if batch.lengths is None else LENGTHS
    x = module_nodes(graph, network.encoder, X, valid)
    output, _ = recurrent_nodes(graph, network.recurrent, x, valid)
    logits = module_nodes(graph, network.head, output, valid)
    is_float = batch.x.is_floating_point()
    kind = graph.element_type if is_float else TensorProto.INT64
    inputs = [helper.make_tensor_value_info(X, kind, ["T", "B", *batch.x.shape[2:]])]
    inputs += [helper.make_tensor_value_info(LENGTHS, TensorProto.INT64, ["B"])] if valid else []
    return _model(graph, inputs, {LOGITS: (logits, _shape(network, batch))}, facts or {})


def _shape(network: Network, batch: Batch) -> list[str | int]:
    """Return the shape of the logits: (B, C), or (S, B, C) with S steps that have logits."""
    with no_grad():
        logits = network(batch)
    return [*["S", "B"][3 - logits.dim() :], logits.shape[-1]]


def recurrent_model(recurrent: Recurrent, *, lengths: bool) -> onnx.ModelProto:
    """Return recurrent layers alone as a model of ONNX.

    Its inputs are `x` (T, B, I) and perhaps `lengths` (B,). Its outputs are `output` (T, B, D · H), and each part of
    the memory after the last step by its name in the cell, (L · D, B, H).

    Args:
        recurrent: the layers, in evaluation mode.
        lengths: whether the model takes the valid steps of each sequence.
    """
    graph = _graph(recurrent)
    output, states = recurrent_nodes(graph, recurrent, X, LENGTHS if lengths else None)
    first = graph.constant(np.array([0], np.int64))
    layers = recurrent.num_layers * recurrent.directions
    results: dict[str, tuple[str, list[str | int]]] = {
        OUTPUT: (output, ["T", "B", recurrent.directions * recurrent.hidden_size])
    }
    for index, name in enumerate(recurrent.cell.memory):
        parts = [graph.add("Unsqueeze", one.state[index], first) for one in states]
        results[name] = graph.add("Concat", *parts, axis=0), [layers, "B", recurrent.hidden_size]
    inputs = [helper.make_tensor_value_info(X, graph.element_type, ["T", "B", recurrent.input_size])]
    inputs += [helper.make_tensor_value_info(LENGTHS, TensorProto.INT64, ["B"])] if lengths else []
    return _model(graph, inputs, results, {})


def recurrent_nodes(
    graph: OnnxGraph, recurrent: Recurrent, x: str, lengths: str | None
) -> tuple[str, list[LayerNames]]:
    """Add the nodes of recurrent layers.

    Args:
        graph: the graph.
        recurrent: the layers. Dropout is left out.
        x: the name of the input (T, B, I).
        lengths: the name of the valid steps (B,) of each sequence; None if all sequences have T.

    Returns:
        the name of the output (T, B, D · H), and the results of each layer and direction.
    """
    mask = None if lengths is None else _step_mask(graph, x, lengths)
    if mask is not None:
        x = graph.add("Where", mask, x, graph.constant(0.0))
    state = _initial_state(graph, recurrent, x)
    results: list[LayerNames] = []
    for layer in range(recurrent.num_layers):
        outputs = []
        for reverse in (False, True)[: recurrent.directions]:
            read = _reversed(graph, x, lengths) if reverse else x
            weights = recurrent.gate_parameters(layer, reverse)
            found = direction_nodes(graph, recurrent.cell, weights, read, state, mask)
            outputs.append(_reversed(graph, found.output, lengths) if reverse else found.output)
            results.append(found)
        x = outputs[0] if len(outputs) == 1 else graph.add("Concat", *outputs, axis=-1)
    return x, results


def _graph(module: nn.Module) -> OnnxGraph:
    """Return an empty graph with the dtype of a module's weights; torch's default if it has none."""
    weight = next(module.parameters(), zeros(1))
    return OnnxGraph(weight.detach().cpu().numpy().dtype)


def _step_mask(graph: OnnxGraph, x: str, lengths: str) -> str:
    """Return the name of a mask (T, B, 1) that is true at the steps of a sequence."""
    zero, one = (graph.constant(np.array(number, np.int64)) for number in (0, 1))
    steps = graph.add("Range", zero, graph.add("Squeeze", graph.size(x, 0)), one)
    column = graph.add("Unsqueeze", steps, graph.constant(np.array([1], np.int64)))
    return graph.add("Unsqueeze", graph.add("Less", column, lengths), graph.constant(np.array([2], np.int64)))


def _initial_state(graph: OnnxGraph, recurrent: Recurrent, x: str) -> list[str]:
    """Return the names of the memory before the first step, (B, H) each."""
    hidden = graph.constant(np.array([recurrent.hidden_size], np.int64))
    shape = graph.add("Concat", graph.size(x, 1), hidden, axis=0)
    cell = recurrent.cell
    return [graph.add("Expand", graph.constant(float(cell.initial.get(name, 0.0))), shape) for name in cell.memory]


def _reversed(graph: OnnxGraph, x: str, lengths: str | None) -> str:
    """Return the name of a value (T, B, ·) with the steps of every sequence in reverse order."""
    if lengths is not None:
        return graph.add("ReverseSequence", x, lengths, time_axis=0, batch_axis=1)
    last, before, axis, step = (graph.constant(np.array([n], np.int64)) for n in (-1, -(2**62), 0, -1))
    return graph.add("Slice", x, last, before, axis, step)


def _model(
    graph: OnnxGraph,
    inputs: Sequence[onnx.ValueInfoProto],
    results: Mapping[str, tuple[str, Sequence[str | int]]],
    facts: Mapping[str, str],
) -> onnx.ModelProto:
    """Return the checked model of a graph.

    Args:
        graph: the graph.
        inputs: the declarations of its inputs.
        results: {name of an output: name of the value in the graph, shape}.
        facts: texts that are kept in the file.
    """
    for name, (value, _) in results.items():
        graph.nodes.append(helper.make_node("Identity", [value], [name]))
    outputs = [helper.make_tensor_value_info(name, graph.element_type, shape) for name, (_, shape) in results.items()]
    main = helper.make_graph(graph.nodes, "gatebench", list(inputs), outputs, graph.constants)
    model = helper.make_model(main, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="gatebench")
    model.ir_version = IR_VERSION
    helper.set_model_props(model, dict(facts))
    onnx.checker.check_model(model)
    return model
