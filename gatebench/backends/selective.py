"""The backends that run only some cells, and the reason why they do not run a cell.

The reasons depend on the equations alone. This module does not import torch, so the list of cells is printed fast.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from gatebench.cells import BASES
from gatebench.derive.affine import NotAffine, scan_coefficients
from gatebench.spec.cell import Cell
from gatebench.spec.definitions import Definitions

TORCH_CELLS = ("lstm", "gru", "rnn_tanh", "rnn_relu")
"""The names of the base cells whose equations torch has a kernel for."""


@lru_cache(maxsize=256)
def torch_cell(definitions: Definitions) -> str | None:
    """Return the item of `TORCH_CELLS` with exactly these equations and states, or None."""
    for name in TORCH_CELLS:
        base = BASES[name].definitions
        if base.formulas == definitions.formulas and base.states == definitions.states:
            return name
    return None


def native_refusal(cell: Cell) -> str | None:
    """Return why torch has no kernel for the cell, or None."""
    if torch_cell(cell.definitions) is None:
        return f"native runs exactly {', '.join(TORCH_CELLS)}; {cell.name} has other equations."
    return None


def scan_refusal(cell: Cell) -> str | None:
    """Return why the cell is not affine in its state, or None."""
    if obstacle := _obstacle(cell.definitions):
        return f"scan runs cells that are affine in their state; in {cell.name} {obstacle}."
    return None


@lru_cache(maxsize=256)
def _obstacle(definitions: Definitions) -> str | None:
    """Return why the cell is not affine in its state, e.g. "R.f multiplies h[t-1]", or None if it is."""
    try:
        scan_coefficients(definitions)
    except NotAffine as error:
        return str(error)
    return None


SELECTIVE: Mapping[str, Callable[[Cell], str | None]] = {"scan": scan_refusal, "native": native_refusal}
"""{name of a backend: the function that returns why it cannot run a cell}. All other backends run every cell."""
