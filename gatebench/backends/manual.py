"""The derived backward pass of any cell in torch operations: backpropagation through time without autograd's graph.

The products with the input are one matrix product for all steps, and so is the gradient of each matrix. It needs no
compiler, and runs every dtype and every device. T time, B batch, I input, H hidden.
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


def refuses_cell(cell: Cell) -> None:
    """Return None: this backend runs every cell."""
    del cell


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why this workload cannot be run, or None."""
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
        Refusal: in the backward pass, if it is asked for a second derivative or for one through a traced gate.
    """
    derived = adjoint(cell.definitions)
    gates = cell.definitions.gates if trace else ()
    inputs = (x, *state, *weights.values())
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs):
        values: tuple[Tensor, ...] = _Layer.apply(  # type: ignore[no-untyped-call]
            derived, tuple(weights), lengths, gates, *inputs
        )
    else:
        values = EagerAdjoint(derived, weights, x, lengths).forward(state, gates)
    output, *others = values
    final, gate_values = tuple(others[: len(state)]), others[len(state) :]
    return LayerResult(output, final, dict(zip(gates, gate_values, strict=True)))


class _Layer(torch.autograd.Function):
    """One layer in one direction as a function of x, the initial memory and the weights, in this order."""

    @staticmethod
    def forward(
        ctx: Any,
        derived: Adjoint,
        weight_names: tuple[str, ...],
        lengths: Tensor | None,
        gates: tuple[str, ...],
        *inputs: Tensor,
    ) -> Any:
        ctx.set_materialize_grads(False)
        n_states = len(derived.forward.memory)
        x, state, weights = inputs[0], inputs[1 : 1 + n_states], inputs[1 + n_states :]
        layer = EagerAdjoint(derived, dict(zip(weight_names, weights, strict=True)), x, lengths)
        values = layer.forward(state, gates)
        ctx.layer = layer
        ctx.save_for_backward(*inputs)  # `backward` reads them, so that torch reports a weight that has been changed
        return values

    @staticmethod
    def backward(ctx: Any, *incoming: Tensor | None) -> Any:
        n_states = len(ctx.layer.memory)
        output, final, gates = incoming[0], incoming[1 : 1 + n_states], incoming[1 + n_states :]
        check_derived_only(NAME, gates)
        _ = ctx.saved_tensors  # raises an error if an input was changed in place after the forward pass
        return None, None, None, None, *ctx.layer.backward(output, final)
