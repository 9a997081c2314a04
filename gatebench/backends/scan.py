"""Cells that are affine in their state: no unit waits for another, because only the input meets a matrix.

Where x is narrow, such a layer computes little and waits for memory. It has code of its own, which reads and writes
each number once forward and once backward (`gatebench.backends.fused.emit.rows`). Where x is wide, the products with x
take the time, and `fused`'s code is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from gatebench.backends import fused
from gatebench.backends.contract import LayerResult, Workload
from gatebench.backends.fused.compiled_cell import compile_cell, compile_trouble
from gatebench.backends.fused.emit.constants import WIDEST
from gatebench.backends.fused.function import run_cell
from gatebench.derive.affine import NotAffine, scan_coefficients
from gatebench.spec.cell import Cell
from gatebench.spec.definitions import Definitions

NAME = "scan"
DESCRIPTION = "loops in C for cells that are affine in their state, derived from the cell's table"


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why this is not a scan or cannot be run here, or None."""
    if why := _why_not(cell.definitions):
        return f"scan runs cells that are affine in their state; in {cell.name} {why}."
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
    """Run one layer in one direction; see `contract.Backend.run`, and `fused.run` for what is refused later."""
    kernel = compile_cell(cell.definitions, x.dtype, x.shape[-1] <= WIDEST)
    return run_cell(NAME, kernel, weights, x, state, lengths, trace)


@lru_cache(maxsize=1024)
def _why_not(definitions: Definitions) -> str | None:
    try:
        scan_coefficients(definitions)
    except NotAffine as why:
        return str(why)
    return None
