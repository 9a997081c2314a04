"""The compiled code as operators of torch, for programs that torch traces.

`torch.compile`, `torch.export` and the transforms of `torch.func` do not run a program: they trace it with tensors that
have no memory. They cannot look into compiled code, so it is wrapped in operators: `gatebench::forward` and
`gatebench::backward`. Each has a function that returns results of the same shapes without any values, and a rule for
`torch.func.vmap`. They give the same bits as `function.run_layer`, which is faster if nothing is traced.

In a program compiled by `torch.compile` or `torch.export`, no gradient flows through gates. Everywhere else it is
refused.

An operator knows its cell by a key, which is a string, because a traced program may only contain tensors and plain
values. T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult
from gatebench.backends.fused.compiled_cell import CompiledCell
from gatebench.backends.fused.function import backward_pass, buffer_slots, forward_pass
from gatebench.backends.lengths import checked_lengths
from gatebench.errors import Refusal
from gatebench.spec.cell import Cell

_cells: dict[str, CompiledCell] = {}


@dataclass(frozen=True)
class Operators:
    """A cell's code as operators, with the same `run` as a backend.

    Attributes:
        NAME: the name of the backend.
        key: of the cell.
        labels: the names of the weights, in the order of the code.
        gates: the names of the gates.
        states: the number of states.
        buffers: the number of buffers that the backward pass reads.
    """

    NAME: str
    key: str
    labels: tuple[str, ...]
    gates: tuple[str, ...]
    states: int
    buffers: int

    @classmethod
    def of(cls, name: str, compiled: CompiledCell) -> Operators:
        """Return the operators for a cell's code, which they know from now on."""
        _cells[compiled.key] = compiled
        layout = compiled.layout
        states, buffers = len(layout.derived.forward.memory), len(_buffer_names(compiled))
        return cls(name, compiled.key, tuple(layout.shapes), tuple(layout.gates), states, buffers)

    def run(
        self,
        cell: Cell | None,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> LayerResult:
        """Run one layer in one direction; see `contract.Backend.run`."""
        del cell
        inputs = (x, *state, *(weights[label] for label in self.labels))
        has_gradient = torch.is_grad_enabled() and any(given.requires_grad for given in inputs)
        if torch.compiler.is_compiling() and not has_gradient:
            values = _values(self, trace, lengths, *inputs)
        else:
            values = _TracedLayer.apply(self, trace, lengths, *inputs)  # type: ignore[no-untyped-call]
        memory, gates = 1 + self.states, self.gates if trace else ()
        return LayerResult(values[0], values[1:memory], dict(zip(gates, values[memory:], strict=False)))


class _TracedLayer(torch.autograd.Function):
    """The autograd function: x, state and weights → output, final state, gates, and buffers for the backward pass."""

    generate_vmap_rule = True

    @staticmethod
    def forward(own: Operators, trace: bool, lengths: Tensor | None, *inputs: Tensor) -> tuple[Tensor, ...]:
        return _values(own, trace, lengths, *inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        own, _, lengths, *tensors = inputs
        ctx.set_materialize_grads(False)
        ctx.own, ctx.has_lengths = own, lengths is not None
        buffers = output[len(output) - own.buffers :]
        # A compiled program is not told whether a gradient is missing, so the backward pass cannot refuse there.
        ctx.mark_non_differentiable(*(output[1 + own.states :] if torch.compiler.is_compiling() else buffers))
        ctx.save_for_backward(*buffers, *tensors, *(() if lengths is None else (lengths,)))

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        """Return the gradients of the inputs."""
        own, memory = ctx.own, 1 + ctx.own.states
        is_compiled = torch.compiler.is_compiling()
        if not is_compiled and any(gradient is not None for gradient in incoming[memory:]):
            raise Refusal(f"{own.NAME} has no gradient through traced gates; backend=reference has one.")
        saved = list(ctx.saved_tensors)
        lengths = saved.pop() if ctx.has_lengths else None
        given = (own, lengths, *incoming[:memory], *saved)
        # A compiled program has no second derivatives, and its compiler cannot look into a function within a function.
        if is_compiled:
            found = _gradients(*given)
        else:
            found = _TracedGradients.apply(*given)  # type: ignore[no-untyped-call]
        return None, None, None, *found


class _TracedGradients(torch.autograd.Function):
    """The backward pass of `_TracedLayer` as an autograd function: the transforms of `torch.func` differentiate it."""

    generate_vmap_rule = True

    @staticmethod
    def forward(own: Operators, lengths: Tensor | None, *given: Any) -> tuple[Tensor, ...]:
        return _gradients(own, lengths, *given)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        del output
        ctx.name = inputs[0].NAME

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        """Refuse: the second derivative was not derived."""
        del incoming
        raise Refusal(f"{ctx.name} has no second derivative; backend=reference has one.")


def _values(own: Operators, trace: bool, lengths: Tensor | None, x: Tensor, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Return the output, the final state, the gates if a trace is wanted, and the buffers of the backward pass.

    Args:
        own: the operators of the cell.
        trace: whether the gates are wanted.
        lengths: (B,) or None.
        x: (T, B, I).
        tensors: the states and the weights.
    """
    state, weights = tensors[: own.states], tensors[own.states :]
    return tuple(torch.ops.gatebench.forward(own.key, x, state, weights, lengths, trace))


def _gradients(own: Operators, lengths: Tensor | None, *given: Any) -> tuple[Tensor, ...]:
    """Return the gradients of x, of the initial state and of the weights.

    Args:
        own: the operators of the cell.
        lengths: (B,) or None.
        given: the gradients of the output and of the final state, None for zero; the buffers; x, states and weights.
    """
    first, last = 1 + own.states, 1 + own.states + own.buffers
    incoming, buffers, (x, *tensors) = given[:first], given[first:last], given[last:]
    state, weights = tensors[: own.states], tensors[own.states :]
    return tuple(torch.ops.gatebench.backward(own.key, buffers, x, state, weights, lengths, incoming))


@torch.library.custom_op("gatebench::forward", mutates_args=())
def forward(
    key: str, x: Tensor, state: Sequence[Tensor], weights: Sequence[Tensor], lengths: Tensor | None, trace: bool
) -> list[Tensor]:
    """Return the output, the final state, the gates if a trace is wanted, and the buffers of the backward pass."""
    compiled = _cell(key)
    lengths = None if lengths is None else checked_lengths(lengths, x).contiguous()
    inputs = (x, *state, *weights)
    values, buffers = forward_pass(compiled, tuple(compiled.layout.shapes), lengths, trace, inputs, keep=True)
    # The results of an operator may not share memory, and the values are views of the buffers.
    return [*(value.clone(memory_format=torch.contiguous_format) for value in values), *buffers.values()]


@forward.register_fake
def _(
    key: str, x: Tensor, state: Sequence[Tensor], weights: Sequence[Tensor], lengths: Tensor | None, trace: bool
) -> list[Tensor]:
    del weights
    compiled = _cell(key)
    (T, B, I), H = x.shape, state[0].shape[-1]  # noqa: E741
    sizes = compiled.shapes_of(T, B, I, H)
    widths = [H if where.width == "H" else I for where in compiled.layout.gates.values()] if trace else []
    slots = buffer_slots(T, keep=True, trace=trace, has_lengths=lengths is not None)
    return [
        x.new_empty(T, B, H),
        *(x.new_empty(B, H) for _ in state),
        *(x.new_empty(T, B, width) for width in widths),
        *(x.new_empty(slots[name], B, sizes.columns[name]) for name in _buffer_names(compiled)),
    ]


@torch.library.custom_op("gatebench::backward", mutates_args=())
def backward(
    key: str,
    buffers: Sequence[Tensor],
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    lengths: Tensor | None,
    incoming: Sequence[Tensor | None],
) -> list[Tensor]:
    """Return the gradients of x, of the initial state and of the weights."""
    compiled = _cell(key)
    lengths = None if lengths is None else lengths.to("cpu", torch.int64).contiguous()
    named = dict(zip(_buffer_names(compiled), buffers, strict=True))
    inputs = (x, *state, *weights)
    found = backward_pass(
        compiled, tuple(compiled.layout.shapes), named, inputs, lengths, incoming, [True] * len(inputs)
    )
    return [
        torch.zeros_like(given) if one is None else one.clone(memory_format=torch.contiguous_format)
        for one, given in zip(found, inputs, strict=True)
    ]


@backward.register_fake
def _(
    key: str,
    buffers: Sequence[Tensor],
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Tensor],
    lengths: Tensor | None,
    incoming: Sequence[Tensor | None],
) -> list[Tensor]:
    del key, buffers, lengths, incoming
    return [given.new_empty(given.shape) for given in (x, *state, *weights)]


def _one_by_one(operator: Callable[..., list[Tensor]]) -> Callable[..., Any]:
    """Return the rule for `torch.func.vmap`: the operator runs once for each element of the mapped dimension."""

    def rule(info: Any, in_dims: tuple[Any, ...], *given: Any) -> tuple[list[Tensor], list[int]]:
        runs = [
            operator(*(_element(one, dim, number) for one, dim in zip(given, in_dims, strict=True)))
            for number in range(info.batch_size)
        ]
        stacked = [torch.stack(parts) for parts in zip(*runs, strict=True)]
        return stacked, [0] * len(stacked)

    return rule


def _element(given: Any, dim: Any, number: int) -> Any:
    """Return one element of an argument along its mapped dimension; a list has a dimension for each item."""
    if isinstance(given, list | tuple):
        dims = [None] * len(given) if dim is None else dim
        return [_element(one, own, number) for one, own in zip(given, dims, strict=True)]
    return given.select(dim, number) if isinstance(given, Tensor) and dim is not None else given


torch.library.register_vmap("gatebench::forward", _one_by_one(forward))
torch.library.register_vmap("gatebench::backward", _one_by_one(backward))


def _cell(key: str) -> CompiledCell:
    """Return a cell of this process.

    Raises:
        Refusal: no layer of this process has it. That is so if the program was exported by another process.
    """
    if key not in _cells:
        raise Refusal(
            f"This program needs the compiled cell {key}, and this process has none; make a Recurrent with the same "
            "cell and run it first, or use gatebench export."
        )
    return _cells[key]


def _buffer_names(compiled: CompiledCell) -> list[str]:
    """Return the streams that the backward pass reads, in their order."""
    return [name for name in ("output", "memory", "saved") if any(compiled.layout.columns[name])]
