"""Cells that are affine in their state: nothing but the input goes through a matrix, so no unit waits for another.

The compiled code is `fused`'s, with one difference that only such cells allow: gates are functions of the input alone,
so where x is narrow the backward pass computes them again instead of reading T · B · G · H numbers back from memory.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from gatebench.backends import fused
from gatebench.backends.contract import Run, Workload
from gatebench.backends.fused.function import run_cell
from gatebench.backends.fused.kernel import kernel_of
from gatebench.derive.affine import NotAffine, scan_coefficients
from gatebench.spec import Cell

NAME = "scan"

_NARROW = 16  # width I up to which a product with x costs less than reading its result back from memory


def refuses(cell: Cell, work: Workload) -> str | None:
    """Return why this is not a scan or cannot be run here, or None."""
    try:
        scan_coefficients(cell)
    except NotAffine as why:
        return f"scan runs cells that are affine in their state; in {cell.name} {why}."
    reason = fused.refuses(cell, work)
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
    return run_cell(
        kernel_of(cell.definitions, x.dtype, again=x.shape[-1] <= _NARROW), weights, x, state, lengths, trace
    )
