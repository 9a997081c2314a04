"""The backward pass of a layer: one launch for the adjoints of all steps, then one matrix product for each operand.

T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from gatebench.backends.triton.emit import backward as backward_text
from gatebench.backends.triton.emit.plan import vectors
from gatebench.backends.triton.launch import Launch
from gatebench.derive.adjoint import ONES
from gatebench.derive.prefixes import arriving, carried, running_sum
from gatebench.spec.dated import DatedName
from gatebench.spec.expression import Expr


def gradients(
    launch: Launch,
    streams: Mapping[str, Tensor],
    weights: Mapping[str, Tensor],
    incoming: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> tuple[Tensor | None, ...]:
    """Return the gradients of x (T, B, I), of the initial state (B, H) each and of the weights; None if not wanted.

    Args:
        launch: the sizes.
        streams: those of the forward pass, and x.
        weights: by the table's names.
        incoming: the gradients of the output (T, B, H) and of the final state (B, H) each, None for zero.
        wanted: for x, each state and each weight, whether its gradient is wanted.
    """
    plan, memory = launch.plan, launch.plan.memory
    places = plan.layout.places
    own = {name: launch.stream(name, slots) for name, slots in (("ring", launch.T), ("start", 1))}
    own["carry"] = _carried(launch, incoming[1:])
    like = streams["output"][: launch.T]
    own["incoming"] = torch.zeros_like(like) if incoming[0] is None else incoming[0].to(like.dtype).contiguous()
    read = (*plan.backward_weights, *vectors([*plan.backward.values(), *plan.arriving.values()]))
    launch.run(
        launch.kernels.backward,
        backward_text.arguments(plan),
        {**streams, **own},
        {w: weights[w].detach().contiguous() for w in read},
    )
    dx = _input_gradient(launch, own["ring"], weights) if wanted[0] else None
    starts = (
        launch.plane(own["start"], places[arriving(m)], 1)[0] for m in memory
    )  # torch rounds to the state's dtype
    found = _weight_gradients(launch, {**streams, **own}, weights)
    asked = zip(found, wanted[1 + len(memory) :], strict=True)
    return dx, *starts, *(gradient if asks else None for gradient, asks in asked)


def _carried(launch: Launch, final: Sequence[Tensor | None]) -> Tensor:
    """Return the stream that the last step reads: the gradients of the final state, and sums of nothing."""
    carry = torch.zeros_like(launch.stream("carry", 1))
    for name, gradient in zip(launch.plan.memory, final, strict=True):
        if gradient is not None:
            launch.plane(carry, launch.plan.layout.places[carried(name)], 1)[0] = gradient
    return carry


def _rows(launch: Launch, stream: Tensor, name: str, many: int = 1) -> Tensor:
    """Return a value of all steps as (T · B, many · width): the plane of a name, and the neighbours that follow it."""
    where = launch.plan.layout.places[name]
    width = launch.H if where.width == "H" else launch.I
    start = launch.first_column(where)
    return stream.flatten(0, 1)[_first(launch, where.shift) :][: launch.T * launch.B, start : start + many * width]


def _first(launch: Launch, slot: int) -> int:
    return slot * launch.B


def _weight_gradients(
    launch: Launch, streams: Mapping[str, Tensor], weights: Mapping[str, Tensor]
) -> list[Tensor | None]:
    """Return the gradient of each weight: sums over all steps and sequences."""
    layout = launch.plan.layout
    products: dict[tuple[str, str], Tensor] = {}
    for outer_sum in layout.outer_sums:
        deltas = _rows(launch, streams["ring"], outer_sum.deltas[0], len(outer_sum.deltas))
        if outer_sum.operand == ONES:
            product = deltas.sum(0, dtype=torch.float32).to(deltas.dtype)
        else:
            operand = _rows(launch, streams[layout.places[outer_sum.operand].stream], outer_sum.operand)
            product = deltas.mT @ operand.to(deltas.dtype)
        for delta, part in zip(outer_sum.deltas, product.chunk(len(outer_sum.deltas)), strict=True):
            products[outer_sum.operand, delta] = part
    found: dict[str, Tensor] = {}
    for outer in layout.derived.outers:
        part = products[outer.operand, outer.delta]
        found[outer.weight] = found[outer.weight] + part if outer.weight in found else part
    for weight in layout.derived.sums:
        plane = launch.plane(streams["carry"], layout.places[running_sum(weight)], 1)[0]
        found[weight] = plane.sum(0).to(launch.x.dtype)
    return [found.get(weight) for weight in weights]


def _input_gradient(launch: Launch, ring: Tensor, weights: Mapping[str, Tensor]) -> Tensor:
    """Return the gradient of x, (T, B, I): the sum of the products of the deltas with the transposed matrices."""
    total = ring.new_zeros((launch.T * launch.B, launch.I))
    for weight, name in terms_of_input(launch.plan.layout.derived.input):
        rows = _rows(launch, ring, name)
        total = total + rows if weight is None else torch.addmm(total, rows, weights[weight].detach())
    return total.view(launch.T, launch.B, launch.I)


def terms_of_input(formula: Expr) -> list[tuple[str | None, DatedName]]:
    """Return the terms of the adjoint of x: (matrix, delta) of each product, (None, name) of a pointwise part."""
    if formula.op == "add":
        return [term for operand in formula.operands for term in terms_of_input(operand)]
    if formula.op == "matmul_t":
        return [(formula.args[0], formula.args[1].args[0])]
    if formula.op == "name":
        return [(None, formula.args[0])]
    assert formula.value == 0, f"no term of a sum: {formula}"
    return []
