"""One recurrent layer in ONNX: the step of any cell, from its recorded instructions, as the body of `Scan`.

The instructions are those of `gatebench.derive.tape`. Those that read the input alone come before the loop, for all
steps at once. T time, B batch, I input, H hidden.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto, helper
from torch import Tensor, cat

from gatebench.derive.tape import Instruction, Tape, tape
from gatebench.export.onnx_nodes import OnnxGraph
from gatebench.spec.cell import Cell
from gatebench.spec.dated import X, now, previous

_PLAIN = {
    "add": "Add",
    "sub": "Sub",
    "mul": "Mul",
    "div": "Div",
    "neg": "Neg",
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "exp": "Exp",
    "log": "Log",
    "maximum": "Max",
}


def _hard_sigmoid(graph: OnnxGraph, a: str) -> str:
    sixth = graph.add("Div", a, graph.constant(6.0))
    return graph.add("Clip", graph.add("Add", sixth, graph.constant(0.5)), graph.constant(0.0), graph.constant(1.0))


def _log_sigmoid(graph: OnnxGraph, a: str) -> str:
    return graph.add("Neg", graph.add("Softplus", graph.add("Neg", a)))


_COMPOSED: Mapping[str, Callable[[OnnxGraph, str], str]] = {
    "hard_sigmoid": _hard_sigmoid,
    "log_sigmoid": _log_sigmoid,
}

OPERATIONS = (*_PLAIN, *_COMPOSED)
"""The operations that can be written, besides matrix products."""


@dataclass(frozen=True)
class LayerNames:
    """The names of the results of a layer in one direction.

    Attributes:
        output: (T, B, H).
        state: the memory after the last step, (B, H) each, in the order of `cell.memory`.
    """

    output: str
    state: tuple[str, ...]


def direction_nodes(
    graph: OnnxGraph,
    cell: Cell,
    weights: Mapping[str, Tensor],
    x: str,
    state: Sequence[str],
    mask: str | None,
) -> LayerNames:
    """Add the nodes of one layer in one direction, and return the names of its results.

    Args:
        graph: the graph.
        cell: the cell.
        weights: its weights by name.
        x: the name of the input (T, B, I).
        state: the names of the memory before the first step, (B, H) each, in the order of `cell.memory`.
        mask: the name of a mask (T, B, 1), which is true at the steps of a sequence; None if all steps are valid.
    """
    program = tape(cell.definitions)
    values = {slot: graph.weight(weights[name]) for name, slot in program.vectors.items()}
    values |= {slot: graph.constant(float(number)) for slot, number in program.constants.items()}
    values[program.names[X]] = x
    for instruction in program.hoisted:
        _instruction(graph, instruction, values, weights)
    return _loop(graph, cell, program, values, weights, state, mask)


def _loop(
    graph: OnnxGraph,
    cell: Cell,
    program: Tape,
    values: dict[int, str],
    weights: Mapping[str, Tensor],
    state: Sequence[str],
    mask: str | None,
) -> LayerNames:
    """Add the loop over the steps.

    Args:
        graph: the graph.
        cell: the cell.
        program: its instructions.
        values: the name of the value of each slot that is known before the loop.
        weights: the weights by name.
        state: the names of the memory before the first step.
        mask: as in `direction_nodes`.
    """
    body = graph.body()
    shape = graph.add("Shape", state[0])
    stepped = sorted(_stepped_slots(program))
    own = dict(values) | {slot: body.new_name() for slot in stepped}
    before = {program.names[previous(name)]: body.new_name() for name in cell.memory}
    own |= before
    for instruction in program.looped:
        _instruction(body, instruction, own, weights)
    new = [body.add("Expand", own[program.names[now(name)]], shape) for name in cell.memory]
    output = body.add("Identity", new[0])
    valid = body.new_name()
    if mask is not None:
        output = body.add("Where", valid, new[0], body.constant(0.0))
        new = [body.add("Where", valid, one, old) for one, old in zip(new, before.values(), strict=True)]
    scanned = [(own[slot], values[slot], graph.element_type) for slot in stepped]
    scanned += [] if mask is None else [(valid, mask, TensorProto.BOOL)]
    inputs = [_value(name, graph.element_type) for name in before.values()]
    inputs += [_value(name, kind) for name, _, kind in scanned]
    outputs = [_value(name, graph.element_type) for name in (*new, output)]
    names = graph.add_many(
        "Scan",
        [*state, *(source for _, source, _ in scanned)],
        len(new) + 1,
        body=helper.make_graph(body.nodes, graph.new_name(), inputs, outputs),
        num_scan_inputs=len(scanned),
    )
    return LayerNames(names[-1], tuple(names[:-1]))


def _value(name: str, kind: int) -> object:
    """Return the declaration of a value of any shape."""
    return helper.make_tensor_value_info(name, kind, None)


def _stepped_slots(program: Tape) -> set[int]:
    """Return the slots that have another value at each step before the loop: x, and what is computed from it."""
    stepped = {program.names[X]}
    for instruction in program.hoisted:
        if stepped.intersection(instruction.operands):
            stepped.update(instruction.results)
    return stepped


def _instruction(
    graph: OnnxGraph, instruction: Instruction, values: dict[int, str], weights: Mapping[str, Tensor]
) -> None:
    """Add the nodes of one instruction, and keep the names of its results in their slots."""
    operands = [values[slot] for slot in instruction.operands]
    if instruction.op in _COMPOSED:
        values[instruction.results[0]] = _COMPOSED[instruction.op](graph, *operands)
        return
    if instruction.op != "matmul":
        values[instruction.results[0]] = graph.add(_PLAIN[instruction.op], *operands)
        return
    matrices = [weights[name] for name in instruction.weights]
    product = graph.add("MatMul", operands[0], graph.weight(cat(matrices).mT))
    if len(matrices) == 1:
        values[instruction.results[0]] = product
        return
    sizes = graph.constant(np.array([len(matrix) for matrix in matrices], np.int64))
    parts = graph.add_many("Split", [product, sizes], len(matrices), axis=-1)
    values.update(zip(instruction.results, parts, strict=True))
