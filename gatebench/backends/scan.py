"""Cells that are affine in their state: nothing but the input goes through a matrix, so no unit waits for another.

Where x is narrow, such a layer hardly computes: it waits for memory. It gets code of its own, that goes through each
number once forward and once back (`gatebench.derive.emit_rows`). Where x is wide, products with x take the time, and
`fused`'s code for these is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import Tensor

from gatebench.backends import fused
from gatebench.backends.contract import Run, Workload
from gatebench.backends.fused.function import run_cell
from gatebench.backends.fused.kernel import kernel_of, trouble_with
from gatebench.definitions import Definitions
from gatebench.derive.affine import NotAffine, scan_coefficients
from gatebench.derive.emit_rows import WIDEST
from gatebench.spec import Cell

NAME = "scan"


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why this is not a scan or cannot be run here, or None."""
    if why := _why_not(cell.definitions):
        return f"scan runs cells that are affine in their state; in {cell.name} {why}."
    reason = fused.refuses_work(work) or trouble_with(cell.definitions, getattr(torch, work.dtype), work.I <= WIDEST)
    return None if reason is None else reason.replace("fused", NAME, 1)


def run(
    cell: Cell,
    weights: Mapping[str, Tensor],
    x: Tensor,
    state: tuple[Tensor, ...],
    lengths: Tensor | None,
    trace: bool,
) -> Run:
    """Run one layer in one direction; see `contract.Backend.run`, and `fused.run` for what is refused later."""
    kernel = kernel_of(cell.definitions, x.dtype, x.shape[-1] <= WIDEST)
    return run_cell(NAME, kernel, weights, x, state, lengths, trace)


@lru_cache(maxsize=1024)
def _why_not(definitions: Definitions) -> str | None:
    try:
        scan_coefficients(definitions)
    except NotAffine as why:
        return str(why)
    return None
