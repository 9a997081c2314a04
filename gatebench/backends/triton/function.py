"""The Triton kernels as a `torch.autograd.Function`.

T time, B batch, I input, H hidden. A stream has the shape (slots, B, columns); see `emit/plan.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult
from gatebench.backends.derived_only import check_derived_only
from gatebench.backends.lengths import step_mask
from gatebench.backends.triton.emit import forward as forward_text
from gatebench.backends.triton.emit.plan import HOISTED, plan, vectors
from gatebench.backends.triton.gradients import gradients
from gatebench.backends.triton.launch import Launch
from gatebench.errors import Refusal
from gatebench.spec.dated import now, previous
from gatebench.spec.definitions import Definitions


def run_cell(
    definitions: Definitions,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> LayerResult:
    """Run one layer in one direction; see `contract.Backend.run`."""
    layout = plan(definitions).layout
    weights = {weight: weights[weight] for weight in layout.shapes}
    inputs = (x, *state, *weights.values())
    for tensor in inputs:
        is_wide_state = tensor.dtype == torch.float32 and any(tensor is part for part in state)
        if tensor.device != x.device or (tensor.dtype != x.dtype and not is_wide_state):
            raise Refusal(
                f"triton needs one dtype: x is {x.dtype}, a weight or the state {tensor.dtype} on {tensor.device}."
            )
    lengths = (
        None if lengths is None else lengths.to(x.device, torch.int64, non_blocking=True, copy=True).contiguous()
    )  # it may change
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        values: tuple[Tensor, ...] = _Layer.apply(  # type: ignore[no-untyped-call]
            definitions, tuple(weights), lengths, trace, *inputs
        )
    else:
        values, _ = _forward(definitions, tuple(weights), lengths, trace, inputs, keep=False)
    gates = layout.gates if trace else ()
    memory = len(state)
    return LayerResult(values[0], values[1 : 1 + memory], dict(zip(gates, values[1 + memory :], strict=True)))


class _Layer(torch.autograd.Function):
    """The autograd function: x, state and weights → output, final state and gates."""

    @staticmethod
    def forward(
        ctx: Any,
        definitions: Definitions,
        labels: tuple[str, ...],
        lengths: Tensor | None,
        trace: bool,
        *inputs: Tensor,
    ) -> Any:
        ctx.set_materialize_grads(False)
        values, streams = _forward(definitions, labels, lengths, trace, inputs, keep=True)
        ctx.definitions, ctx.labels, ctx.lengths, ctx.streams = definitions, labels, lengths, tuple(streams)
        ctx.save_for_backward(*streams.values(), *inputs)
        return values

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        memory = len(ctx.definitions.memory)
        check_derived_only("triton", incoming[1 + memory :])
        saved, count = ctx.saved_tensors, len(ctx.streams)
        streams = dict(zip(ctx.streams, saved[:count], strict=True))
        x, weights = saved[count], dict(zip(ctx.labels, saved[count + 1 + memory :], strict=True))
        launch = Launch(ctx.definitions, x, saved[count + 1].shape[-1], ctx.lengths)
        streams["x"] = _without_padding(x, ctx.lengths)
        found = gradients(launch, streams, weights, incoming[: 1 + memory], ctx.needs_input_grad[4:])
        return None, None, None, None, *found


def _forward(
    definitions: Definitions,
    labels: tuple[str, ...],
    lengths: Tensor | None,
    trace: bool,
    inputs: Sequence[Tensor],
    *,
    keep: bool,
) -> tuple[tuple[Tensor, ...], dict[str, Tensor]]:
    """Run the forward pass. Return (output, final state, gates), and the streams that the backward pass reads."""
    memory = definitions.memory
    x, state = inputs[0].detach(), inputs[1 : 1 + len(memory)]
    weights = {n: w.detach().contiguous() for n, w in zip(labels, inputs[1 + len(memory) :], strict=True)}
    launch = Launch(definitions, x, state[0].shape[-1], lengths)
    layout = launch.plan.layout
    traced = trace or not launch.tile.on_chip  # if a matrix is in memory, so is the operand of its product
    keep = keep or traced
    slots = {"output": launch.T + 1, "memory": launch.T + 1 if keep else 1}
    slots |= {"saved": launch.T if keep else 0, "traced": launch.T if traced else 0}
    streams = {name: launch.stream(name, count) for name, count in slots.items() if count and launch.columns(name)}
    for name, start in zip(memory, state, strict=True):
        where = layout.places[previous(name)]
        launch.plane(streams[where.stream], where, 1)[0] = start.detach()
    streams["x"] = _without_padding(x, lengths)
    streams[HOISTED] = _hoisted(launch, streams["x"], weights)
    final = x.new_empty((launch.B, len(memory), launch.H), dtype=torch.float32)
    launch.run(
        launch.kernels.forward,
        forward_text.arguments(launch.plan),
        {**streams, "final": final},
        {w: weights[w] for w in (*launch.plan.forward_weights, *vectors(launch.plan.forward.values()))},
        KEEP=keep,
        TRACED=traced,
    )
    first = layout.places[now(memory[0])]
    output = launch.plane(streams["output"], first, launch.T, first.shift)
    shown = layout.gates.values() if trace else ()
    gates = [launch.plane(streams[p.stream], p, launch.T, p.shift).to(x.dtype) for p in shown]
    del streams["x"], streams[HOISTED]
    streams.pop("traced", None)
    states = (part.contiguous() for part in final.to(state[0].dtype).unbind(1))
    return (output, *states, *gates), streams


def _without_padding(x: Tensor, lengths: Tensor | None) -> Tensor:
    """Return x, contiguous, with zeros after the end of each sequence: a NaN there must not reach a gradient."""
    return x.contiguous() if lengths is None else torch.where(step_mask(lengths, x), x, 0.0)


def _hoisted(launch: Launch, x: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """Return the products with x of all steps, (T, B, columns): one matrix product."""
    if not launch.plan.hoisted:
        return x
    order = sorted(launch.plan.hoisted, key=lambda weight: launch.first_column(launch.plan.hoisted[weight]))
    return x @ torch.cat([weights[weight] for weight in order]).mT
