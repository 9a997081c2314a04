"""The compiled code as a `torch.autograd.Function`.

T time, B batch, I input, H hidden. A buffer has the shape (slots, B, columns); `emit/memory_layout.py` explains it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult
from gatebench.backends.derived_only import check_derived_only
from gatebench.backends.fused.buffer_shapes import BufferShapes
from gatebench.backends.fused.buffers import padded, uninitialised
from gatebench.backends.fused.compiled_cell import CompiledCell
from gatebench.backends.fused.emit.memory_layout import Plane
from gatebench.backends.fused.gradients import gradients
from gatebench.errors import Refusal
from gatebench.spec.dated import now, previous


def run_cell(
    name: str,
    compiled: CompiledCell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> LayerResult:
    """Run one layer in one direction for the backend called `name`; see `contract.Backend.run`."""
    weights = {weight: weights[weight] for weight in compiled.layout.shapes}  # in the order of the code
    inputs = (x, *state, *weights.values())
    dtype, device = x.dtype, x.device
    for tensor in inputs:
        if tensor.dtype != dtype or tensor.device != device:
            raise Refusal(
                f"{name} needs one dtype: x is {x.dtype}, a weight or the state {tensor.dtype} on {tensor.device}."
            )
    lengths = None if lengths is None else lengths.to("cpu", torch.int64, copy=True).contiguous()  # it may change
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        values: tuple[Tensor, ...] = _Layer.apply(  # type: ignore[no-untyped-call]
            name, compiled, tuple(weights), lengths, trace, *inputs
        )
    else:
        values, _ = _forward(compiled, tuple(weights), lengths, trace, inputs, keep=False)
    gates = compiled.layout.gates if trace else ()
    memory = len(state)
    return LayerResult(values[0], values[1 : 1 + memory], dict(zip(gates, values[1 + memory :], strict=True)))


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
        values, streams = _forward(compiled, labels, lengths, trace, inputs, keep=True)
        ctx.name, ctx.compiled, ctx.labels, ctx.lengths, ctx.streams = name, compiled, labels, lengths, tuple(streams)
        ctx.save_for_backward(*streams.values(), *inputs)
        return values

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        memory = len(ctx.compiled.layout.derived.forward.memory)
        check_derived_only(ctx.name, incoming[1 + memory :])
        saved, count = ctx.saved_tensors, len(ctx.streams)
        x, weights = saved[count], dict(zip(ctx.labels, saved[count + 1 + memory :], strict=True))
        sizes = ctx.compiled.sizes(*x.shape, saved[count + 1].shape[-1])
        streams = dict(zip(ctx.streams, saved[:count], strict=True))
        streams["x"] = _input(ctx.compiled, sizes, x)
        found = gradients(
            ctx.compiled, sizes, streams, weights, ctx.lengths, incoming[: 1 + memory], ctx.needs_input_grad[5:]
        )
        return None, None, None, None, None, *found


def _forward(
    compiled: CompiledCell,
    labels: tuple[str, ...],
    lengths: Tensor | None,
    trace: bool,
    inputs: tuple[Tensor, ...],
    *,
    keep: bool,
) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """Run the forward pass. Return (output, final state, gates), and the buffers that the backward pass reads."""
    x, memory, places = inputs[0], compiled.layout.derived.forward.memory, compiled.layout.places
    sizes = compiled.sizes(*x.shape, inputs[1].shape[-1])
    T = sizes.T
    slots = {"output": T + 1, "memory": T + 1 if keep or trace or lengths is not None else 2}
    slots |= {"saved": T if keep or trace else 1, "traced": T if trace else 1}
    streams = {s: uninitialised(x, n, sizes.B, sizes.columns[s]) for s, n in slots.items() if sizes.columns[s]}
    for name, start in zip(memory, inputs[1:], strict=False):
        where = places[previous(name)]
        sizes.slot(streams[where.stream], where, 0, sizes.wide_h).copy_(padded(start, sizes.wide_h))
    weights = {n: w.contiguous() for n, w in zip(labels, inputs[1 + len(memory) :], strict=True)}
    compiled.run("forward", sizes, {**streams, "x": _input(compiled, sizes, x)}, weights, lengths)

    def values(where: Plane) -> Tensor:
        return sizes.plane(streams[where.stream], where, T, where.shift)

    final = tuple(_last(sizes, streams[p.stream], p, lengths) for p in (places[now(m)] for m in memory))
    gates = tuple(map(values, compiled.layout.gates.values())) if trace else ()
    streams.pop("traced", None)
    return (values(places[now(memory[0])]), *final, *gates), streams


def _input(compiled: CompiledCell, sizes: BufferShapes, x: Tensor) -> Tensor:
    return padded(x, sizes.wide_i if compiled.pads_input else sizes.I)


def _last(sizes: BufferShapes, buffer: Tensor, where: Plane, lengths: Tensor | None) -> Tensor:
    """Return the memory after the last step of each sequence, (B, H). Slot 0 of the buffer is the initial state."""
    if lengths is None:
        return sizes.slot(buffer, where, sizes.T % len(buffer), sizes.H).clone()
    return sizes.plane(buffer, where, len(buffer))[lengths, torch.arange(sizes.B)]
