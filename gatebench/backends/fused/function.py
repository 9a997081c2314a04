"""The compiled code as a `torch.autograd.Function`.

T time, B batch, I input, H hidden. A buffer has the shape (slots, B, columns); `emit/memory_layout.py` explains it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.derived_only import check_derived_only
from gatebench.backends.fused.buffer_shapes import BufferShapes
from gatebench.backends.fused.buffers import padded, uninitialised
from gatebench.backends.fused.compiled_cell import CompiledCell
from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.fused.gradients import gradients
from gatebench.spec.dated import now


def run_layer(
    name: str, compiled: CompiledCell, labels: tuple[str, ...], lengths: Tensor | None, trace: bool, *inputs: Tensor
) -> tuple[Tensor, ...]:
    """Return the output, the final state and, if a trace is wanted, the gates.

    Args:
        name: the name of the backend.
        compiled: the cell's code.
        labels: the names of the weights, in the order of the code.
        lengths: (B,) int64, or None.
        trace: whether the gates are wanted.
        inputs: x, the states and the weights.
    """
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        # `_Layer.apply` first looks for transforms of `torch.func`, with which this function is not called.
        values: tuple[Tensor, ...] = super(torch.autograd.Function, _Layer).apply(  # type: ignore[no-untyped-call]
            name, compiled, labels, lengths, trace, *inputs
        )
        return values
    return forward_pass(compiled, labels, lengths, trace, inputs, keep=False)[0]


class _Layer(torch.autograd.Function):
    """The autograd function: x, state and weights → output, final state and gates."""

    @staticmethod
    def forward(
        ctx: Any,
        name: str,
        compiled: CompiledCell,
        labels: tuple[str, ...],
        lengths: Tensor | None,
        trace: bool,
        *inputs: Tensor,
    ) -> Any:
        ctx.set_materialize_grads(False)
        values, streams = forward_pass(compiled, labels, lengths, trace, inputs, keep=True)
        ctx.name, ctx.compiled, ctx.labels, ctx.lengths, ctx.streams = name, compiled, labels, lengths, tuple(streams)
        ctx.save_for_backward(*streams.values(), *inputs)
        return values

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        memory = len(ctx.compiled.layout.derived.forward.memory)
        check_derived_only(ctx.name, incoming[1 + memory :])
        saved, count = ctx.saved_tensors, len(ctx.streams)
        streams = dict(zip(ctx.streams, saved[:count], strict=True))
        found = backward_pass(
            ctx.compiled,
            ctx.labels,
            streams,
            saved[count:],
            ctx.lengths,
            incoming[: 1 + memory],
            ctx.needs_input_grad[5:],
        )
        return None, None, None, None, None, *found


def forward_pass(
    compiled: CompiledCell,
    labels: tuple[str, ...],
    lengths: Tensor | None,
    trace: bool,
    inputs: tuple[Tensor, ...],
    *,
    keep: bool,
) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """Run the forward pass. Return (output, final state, gates), and the buffers that the backward pass reads.

    Args:
        compiled: the cell's code.
        labels: the names of the weights, in the order of the code.
        lengths: (B,) int64, or None.
        trace: whether the gates are wanted.
        inputs: x, the states and the weights.
        keep: whether there will be a backward pass.
    """
    x, memory, places = inputs[0], compiled.layout.derived.forward.memory, compiled.layout.places
    sizes = compiled.sizes(*x.shape, inputs[1].shape[-1])
    T = sizes.T
    slots = buffer_slots(T, keep=keep, trace=trace, has_lengths=lengths is not None)
    streams = {s: uninitialised(x, n, sizes.B, sizes.columns[s]) for s, n in slots.items() if sizes.columns[s]}
    starts = [start.contiguous() for start in inputs[1 : 1 + len(memory)]]
    final = tuple(uninitialised(x, sizes.B, sizes.H) for _ in memory)
    weights = {n: w.contiguous() for n, w in zip(labels, inputs[1 + len(memory) :], strict=True)}
    read = {**streams, "x": _input(compiled, sizes, x)}
    compiled.run("forward", sizes, read, weights, lengths, states=(*starts, *final))

    def values(where: Plane) -> Tensor:
        return sizes.plane(streams[where.stream], where, T, where.shift)

    gates = tuple(map(values, compiled.layout.gates.values())) if trace else ()
    streams.pop("traced", None)
    return (values(places[now(memory[0])]), *final, *gates), streams


def buffer_slots(T: int, *, keep: bool, trace: bool, has_lengths: bool) -> dict[str, int]:
    """Return the number of slots of each buffer of the forward pass.

    Args:
        T: the number of steps.
        keep: whether there will be a backward pass.
        trace: whether the gates are wanted.
        has_lengths: whether the sequences have different lengths.
    """
    return {
        "output": T + 1,
        "memory": T + 1 if keep or trace or has_lengths else 2,
        "saved": T if keep or trace else 1,
        "traced": T if trace else 1,
    }


def backward_pass(
    compiled: CompiledCell,
    labels: tuple[str, ...],
    streams: Mapping[str, Tensor],
    inputs: Sequence[Tensor],
    lengths: Tensor | None,
    incoming: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Run the backward pass. Return the gradients of the inputs, None for those that are not wanted.

    Args:
        compiled: the cell's code.
        labels: the names of the weights, in the order of the code.
        streams: the buffers that `forward_pass` returned.
        inputs: x, the states and the weights.
        lengths: (B,) int64, or None.
        incoming: the gradients of the output and of the final state, None for zero.
        wanted: for each input, whether its gradient is wanted.
    """
    memory, x = len(compiled.layout.derived.forward.memory), inputs[0]
    sizes = compiled.sizes(*x.shape, inputs[1].shape[-1])
    weights = dict(zip(labels, inputs[1 + memory :], strict=True))
    read = {**streams, "x": _input(compiled, sizes, x)}
    return gradients(compiled, sizes, read, weights, lengths, incoming, wanted)


def _input(compiled: CompiledCell, sizes: BufferShapes, x: Tensor) -> Tensor:
    return padded(x, sizes.wide_i if compiled.pads_input else sizes.I)
