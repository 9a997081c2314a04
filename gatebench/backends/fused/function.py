"""The kernel under autograd. T time, B batch, I input, H hidden; buffers (slots, B, columns) hold whole vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.contract import Run
from gatebench.backends.fused.buffers import fresh, vectors, widened
from gatebench.backends.fused.gradients import gradients
from gatebench.backends.fused.kernel import Kernel
from gatebench.derive.layout import Place
from gatebench.errors import Refusal


def run_cell(
    kernel: Kernel,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> Run:
    """Run one layer in one direction; see `contract.Backend.run`."""
    inputs = (x, *state, *weights.values())
    for tensor in inputs:
        if (tensor.dtype, tensor.device) != (x.dtype, x.device):
            raise Refusal(
                f"fused needs one dtype: x is {x.dtype}, a weight or the state {tensor.dtype} on {tensor.device}."
            )
    lengths = None if lengths is None else lengths.to("cpu", torch.int64).contiguous()
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        values: tuple[Tensor, ...] = _Layer.apply(  # type: ignore[no-untyped-call]
            kernel, tuple(weights), lengths, trace, *inputs
        )
    else:
        values, _, _ = _forward(kernel, tuple(weights), lengths, trace, inputs, keep=False)
    gates = kernel.plan.gates if trace else ()
    memory = len(state)
    return Run(values[0], values[1 : 1 + memory], dict(zip(gates, values[1 + memory :], strict=True)))


class _Layer(torch.autograd.Function):
    """x, state, weights → output, final state, gates."""

    @staticmethod
    def forward(
        ctx: Any, kernel: Kernel, labels: tuple[str, ...], lengths: Tensor | None, trace: bool, *inputs: Tensor
    ) -> Any:
        ctx.set_materialize_grads(False)
        values, streams, weights = _forward(kernel, labels, lengths, trace, inputs, keep=True)
        ctx.kernel, ctx.labels, ctx.lengths, ctx.streams = kernel, labels, lengths, tuple(streams)
        ctx.sizes = _sizes(inputs)
        ctx.save_for_backward(*streams.values(), *weights.values(), *inputs[1:])
        return values

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        memory = len(ctx.kernel.plan.derived.forward.memory)
        if torch.is_grad_enabled():
            raise Refusal("fused has no second derivative; backend=reference has one.")
        if any(g is not None for g in incoming[1 + memory :]):
            raise Refusal("fused has no gradient through traced gates; backend=reference has one.")
        streams = dict(zip(ctx.streams, ctx.saved_tensors, strict=False))
        weights = dict(zip(ctx.labels, ctx.saved_tensors[len(streams) :], strict=False))
        found = gradients(
            ctx.kernel, ctx.sizes, streams, weights, ctx.lengths, incoming[: 1 + memory], ctx.needs_input_grad[4:]
        )
        return None, None, None, None, *found


def _forward(
    kernel: Kernel,
    labels: tuple[str, ...],
    lengths: Tensor | None,
    trace: bool,
    inputs: tuple[Tensor, ...],
    *,
    keep: bool,
) -> tuple[tuple[Tensor, ...], dict[str, Tensor], dict[str, Tensor]]:
    """Return output, final state and gates; and what the backward pass reads: buffers and the weights in their form."""
    x, sizes, memory = inputs[0], _sizes(inputs), kernel.plan.derived.forward.memory
    weights = dict(zip(labels, inputs[1 + len(memory) :], strict=True))
    T, B, I, H = sizes.values()  # noqa: E741
    slots = {"output": T + 1, "memory": T + 1 if keep or trace or lengths is not None else 2}
    slots |= {"saved": T if keep or trace else 1, "shown": T if trace else 1}
    streams = {s: fresh(x, n, B, kernel.columns(s, I, H)) for s, n in slots.items() if kernel.columns(s, I, H)}
    streams["x"] = widened(x, kernel.padded(I) if kernel.pads_input else I)
    for name, start in zip(memory, inputs[1:], strict=False):
        where = kernel.plan.places[f"{name}[t-1]"]
        first = where.H * kernel.padded(H)
        streams[where.stream][0, :, first : first + kernel.padded(H)] = widened(start, kernel.padded(H))
    weights = vectors(weights, kernel, I, H)
    kernel.run("forward", sizes, streams, weights, lengths, [])

    def values(where: Place) -> Tensor:
        plane = kernel.plane(streams[where.stream], where, I, H)
        return plane[1:] if where.shift else plane

    final = tuple(
        _last(kernel.plane(streams[p.stream], p, I, H), T, lengths)
        for p in (kernel.plan.places[f"{m}[t]"] for m in memory)
    )
    gates = tuple(values(where) for where in kernel.plan.gates.values()) if trace else ()
    output = values(kernel.plan.places[f"{memory[0]}[t]"])
    kept = {s: buffer for s, buffer in streams.items() if s != "shown"}
    return (output, *final, *gates), kept, weights


def _sizes(inputs: tuple[Tensor, ...]) -> dict[str, int]:
    return dict(zip("TBIH", (*inputs[0].shape, inputs[1].shape[-1]), strict=True))


def _last(plane: Tensor, T: int, lengths: Tensor | None) -> Tensor:
    """Return (B, H), the memory behind each sequence's last step, from (slots, B, H) with slot 0 the start."""
    if lengths is None:
        return plane[T % len(plane)].clone()
    return plane[lengths, torch.arange(plane.shape[1])]
