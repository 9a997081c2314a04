"""Any table, compiled: forward and backward loops in C, derived from the cell's formulas. CPU, float32 and float64.

Its functions are its own; their error bounds stand in vector.c and are tested. A result is the same, bit
for bit, from run to run and for any number of threads, on one kind of processor.

With `RoundedProducts` both factors of each matrix product are rounded to bfloat16, to the nearest, in both passes. The
sums are float32, and so is everything else: states, gates, saved values, gradients. One sequence is computed in
float32.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.fused.compiled_cell import (
    REALS,
    CompiledCell,
    compile_cell,
    compile_trouble,
    rounded_form,
)
from gatebench.backends.fused.emit.product_form import ProductForm
from gatebench.backends.fused.layer import run_cell
from gatebench.machine.c_compiler import trouble
from gatebench.spec.cell import Cell

NAME = "fused"
DESCRIPTION = "loops in C, derived from the cell's table"


def refuses_cell(cell: Cell) -> None:
    """Return None: this backend runs every cell."""
    del cell


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why this cannot be run here, or None."""
    if (reason := refuses_work(work)) is not None:
        return reason
    dtype = getattr(torch, work.dtype)
    products = getattr(torch, work.products) if work.products else None
    return compile_trouble(cell.definitions, dtype, form=_form(dtype, products))


def refuses_work(work: Workload) -> str | None:
    """Return why no cell can be run so, or None."""
    if work.device != "cpu":
        return f"fused runs on the CPU, not on {work.device}."
    if work.dtype not in {str(dtype).removeprefix("torch.") for dtype in REALS}:
        return f"fused runs float32 and float64, not {work.dtype}."
    if 0 in (work.T, work.B):
        return "fused needs at least one step and one sequence."
    return trouble(NAME)


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
        Refusal: the weights or the state have another dtype or device than x. Later, in the backward pass: a second
            derivative is asked for, or one through a traced gate.
    """
    return run_cell(NAME, compiled_code(cell, x.dtype, x.shape[-1]), weights, x, state, lengths, trace)


class RoundedProducts:
    """This backend with factors of matrix products that are rounded to bfloat16, for x of float32.

    A layer of float64 is computed in float64.
    """

    NAME = NAME

    def run(
        self,
        cell: Cell,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> LayerResult:
        """Run one layer in one direction; see `contract.Backend.run`."""
        compiled = compiled_code(cell, x.dtype, x.shape[-1], torch.bfloat16)
        return run_cell(NAME, compiled, weights, x, state, lengths, trace)


def compiled_code(cell: Cell, dtype: torch.dtype, input_size: int, products: torch.dtype | None = None) -> CompiledCell:
    """Return the code that runs a cell.

    Args:
        cell: the cell.
        dtype: of x.
        input_size: I.
        products: to which the factors of products are rounded; None for no rounding.

    Raises:
        Refusal: it cannot be compiled here.
    """
    del input_size
    return compile_cell(cell.definitions, dtype, form=_form(dtype, products))


def _form(dtype: torch.dtype, products: torch.dtype | None) -> ProductForm:
    """Return how products are computed for x of a dtype, if autocast asks for products of another dtype."""
    is_rounded = products is torch.bfloat16 and dtype is torch.float32
    return rounded_form() if is_rounded else ProductForm.PLAIN
