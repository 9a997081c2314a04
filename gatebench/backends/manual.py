"""Any table without a compiler: the derived backward pass in torch operations, step by step from the last to the first.

No graph is recorded: the input's products are one GEMM for all steps, and so is every weight's gradient. Any dtype, any
device. T time, B batch, I input, H hidden.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.derived_only import check_derived_only
from gatebench.backends.eager_adjoint import EagerAdjoint
from gatebench.derive.adjoint import Adjoint, adjoint
from gatebench.spec.cell import Cell

NAME = "manual"
DESCRIPTION = "the derived backward program in torch operations"


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why this cannot be run, or None."""
    del cell
    if 0 in (work.T, work.B):
        return "manual needs at least one step and one sequence."
    return None


def run(
    cell: Cell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> LayerResult:
    """Run one layer in one direction; see `contract.Backend.run`.

    Raises:
        Refusal: later, in the backward pass: a second derivative is asked for, or one through a traced gate.
    """
    derived, gates = adjoint(cell.definitions), cell.definitions.gates if trace else ()
    inputs = (x, *state, *weights.values())
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        values: tuple[Tensor, ...] = _Layer.apply(  # type: ignore[no-untyped-call]
            derived, tuple(weights), lengths, gates, *inputs
        )
    else:
        values = EagerAdjoint(derived, weights, x, lengths).forward(state, gates)
    return LayerResult(values[0], values[1 : 1 + len(state)], dict(zip(gates, values[1 + len(state) :], strict=True)))


class _Layer(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        derived: Adjoint,
        labels: tuple[str, ...],
        lengths: Tensor | None,
        gates: tuple[str, ...],
        *inputs: Tensor,
    ) -> Any:
        ctx.set_materialize_grads(False)
        count = len(derived.forward.memory)
        walk = EagerAdjoint(derived, dict(zip(labels, inputs[1 + count :], strict=True)), inputs[0], lengths)
        values = walk.forward(inputs[1 : 1 + count], gates)
        ctx.walk = walk
        ctx.save_for_backward(*inputs)  # so that a weight changed in between is noticed
        return values

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        count = len(ctx.walk.memory)
        check_derived_only(NAME, incoming[1 + count :])
        _ = ctx.saved_tensors
        return None, None, None, None, *ctx.walk.backward(incoming[0], incoming[1 : 1 + count])
