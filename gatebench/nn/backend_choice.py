"""The backends of a layer: the one that runs it, and the one that computes its gates."""

from dataclasses import astuple, replace
from typing import Literal, cast

import torch

from gatebench.backends import fused, reference, scan
from gatebench.backends.contract import Backend, Workload
from gatebench.backends.names import AUTO, COMPILED
from gatebench.backends.registry import choose, find
from gatebench.spec.cell import Cell

Gates = Literal["none", "of the backend", "of any backend"]
"""Which gates a run returns: none, those of the backend that runs the layer, or those of another one if it has none."""

Pair = tuple[Backend, Backend | None]
"""The backend that runs a layer, and the one that computes its gates; None without gates.

If the second is `reference` and the first is not, the gates are computed from the outputs.
"""

Name = tuple[str] | tuple[str, str, tuple[str, ...], tuple[str, ...], int, int]
"""A backend as plain values: its name, or the attributes of `gatebench.backends.fused.operators.Operators`."""

Names = tuple[Name, Name | None, bool]
"""The two backends of a layer as plain values, and whether they are the same."""


def choose_backends(backend: str, cell: Cell, work: Workload, wanted: Gates) -> Pair:
    """Return the backends of a layer.

    Args:
        backend: the name of a backend, or "auto".
        cell: the cell.
        work: the sizes, the number type and the device.
        wanted: which gates are wanted.

    Raises:
        Refusal: the named backend cannot run the cell on this workload.
    """
    chosen = choose(backend, cell, work)
    if wanted == "none":
        return chosen, None
    traced = replace(work, trace=True)
    if chosen.refuses(cell, traced) is None:
        return chosen, chosen
    fastest = choose(AUTO, cell, traced)
    return chosen, fastest if fastest.NAME in COMPILED else find(reference.NAME)


def names_in_program(
    pair: Pair, cell: Cell, dtype: torch.dtype, input_size: int, products: torch.dtype | None = None
) -> Names:
    """Return the backends as plain values, which can be constants of a compiled program.

    Args:
        pair: the backends.
        cell: the cell that they run.
        dtype: of x.
        input_size: I.
        products: the dtype of the products of the first backend, None for that of x.
    """
    from gatebench.backends.fused.operators import Operators

    compiled_code = {module.NAME: module.compiled_code for module in (fused, scan)}

    def name(backend: Backend) -> Name:
        if backend.NAME not in compiled_code:
            return (backend.NAME,)
        of_products = products if backend is pair[0] else None
        own = Operators.of(backend.NAME, compiled_code[backend.NAME](cell, dtype, input_size, of_products))
        return astuple(own)

    chosen, gates = pair
    return name(chosen), None if gates is None else name(gates), gates is chosen


def backends_of(names: Names) -> Pair:
    """Return the backends that `names_in_program` named."""
    first, second, are_same = names
    chosen = _named(first)
    if are_same:
        return chosen, chosen
    return chosen, None if second is None else _named(second)


def _named(name: Name) -> Backend:
    from gatebench.backends.fused.operators import Operators

    return cast(Backend, Operators(*name)) if len(name) > 1 else find(name[0])
