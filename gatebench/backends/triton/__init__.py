"""Any table as a persistent GPU kernel in Triton, derived from the cell's formulas. CUDA, float32 and bfloat16.

One launch runs all steps of a tile of the batch. The recurrent weights are loaded once and stay in shared memory; if
they do not fit, every step reads them from the cache of the GPU. The states stay in registers, in float32. The products
with x are one matrix product before the loop, and the gradient of each matrix is one after it. On a CPU it runs in
Triton's interpreter, which is for tests: TRITON_INTERPRET=1. On a GPU, a cell is compared with `reference` before its
first use; see `self_check`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.tracing import is_traced
from gatebench.backends.triton.device import device_trouble
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.function import run_cell
from gatebench.backends.triton.self_check import disagreement
from gatebench.backends.triton.tiles import MOST_UNITS, widest
from gatebench.spec.cell import Cell

NAME = "triton"
DESCRIPTION = "one persistent GPU kernel forward and one backward, derived from the cell's table"

DTYPES = ("float32", "bfloat16")
"""The dtypes of x, without "torch."."""


def refuses_cell(cell: Cell) -> None:
    """Return None: this backend runs every cell."""
    del cell


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why this cannot be run here, or None."""
    dtype = work.products if work.products in DTYPES else work.dtype
    if dtype not in DTYPES:
        return f"triton runs float32 and bfloat16, not {dtype}."
    if 0 in (work.T, work.B):
        return "triton needs at least one step and one sequence."
    if (reason := device_trouble(work.device)) is not None:
        return reason
    if is_traced():
        return "triton cannot run in a program that torch traces; backend=reference can."
    planned = plan(cell.definitions)
    if widest(planned, work.I, work.H) <= MOST_UNITS:
        if work.device == "cpu":  # the interpreter, which is itself the check
            return None
        precision = torch.get_float32_matmul_precision()
        return disagreement(cell, getattr(torch, dtype), work.device, work.I, work.H, precision)
    if work.H > MOST_UNITS:
        return f"triton runs up to {MOST_UNITS} hidden units, not {work.H}."
    return f"triton runs {cell.name}, whose gates read the input elementwise, up to {MOST_UNITS} inputs, not {work.I}."


def run(
    cell: Cell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> LayerResult:
    """Run one layer in one direction; see `contract.Backend.run`.

    If x and the weights have bfloat16, the state may have float32, and the state after the last step has it too.

    Raises:
        Refusal: the weights or the state have another dtype or device than x. Later, in the backward pass: a second
            derivative is asked for, or one through a traced gate.
    """
    return run_cell(cell.definitions, weights, x, state, lengths, trace)
