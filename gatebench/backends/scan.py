"""Cells that are affine in their state: s[t] = a ⊙ s[t-1] + b, where a and b depend on the input only.

No matrix product reads the state, so every unit of every sequence can be computed on its own (Martin & Cundy 2018,
arXiv 1709.04057, section 2). If x has at most `WIDEST` numbers a step, the time goes into memory access. Such a layer
gets special code, which reads and writes each number once forward and once backward
(`gatebench.backends.fused.emit.rows`). If x has more, the time goes into the products with x, and the code is that of
the backend `fused`.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gatebench.backends import fused
from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.fused.compiled_cell import CompiledCell, compile_cell, compile_trouble
from gatebench.backends.fused.emit.constants import WIDEST
from gatebench.backends.fused.layer import run_cell
from gatebench.backends.selective import scan_refusal as refuses_cell
from gatebench.spec.cell import Cell

NAME = "scan"
DESCRIPTION = "loops in C for cells that are affine in their state, derived from the cell's table"


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why the cell is not affine in its state or the workload cannot be run, or None."""
    if reason := refuses_cell(cell):
        return reason
    reason = fused.refuses_work(work) or compile_trouble(cell.definitions, getattr(torch, work.dtype), work.I <= WIDEST)
    return None if reason is None else reason.replace("fused", NAME, 1)


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
        Refusal: as in `fused.run`.
    """
    return run_cell(NAME, compiled_code(cell, x.dtype, x.shape[-1]), weights, x, state, lengths, trace)


def compiled_code(cell: Cell, dtype: torch.dtype, input_size: int, products: torch.dtype | None = None) -> CompiledCell:
    """Return the code that runs a cell; see `fused.compiled_code`. It has no rounded products."""
    del products
    return compile_cell(cell.definitions, dtype, input_size <= WIDEST)
