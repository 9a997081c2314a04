"""Ways to run a cell: exact first, then fast."""

from gatebench.backends import fused, manual, native, reference, scan
from gatebench.backends.contract import Backend, Run, Workload
from gatebench.errors import Refusal, unknown
from gatebench.spec import Cell

BACKENDS: dict[str, Backend] = {module.NAME: module for module in (scan, fused, native, manual, reference)}
"""By name, the fastest first: the order in which "auto" asks them."""


def choose(name: str, cell: Cell, work: Workload) -> Backend:
    """Return the backend called `name`, or for "auto" the first that does not refuse.

    Raises:
        Refusal: the backend cannot run this cell at this work; nothing is put in its place.
        UserError: there is no such backend.
    """
    if name == "auto":
        return next(backend for backend in BACKENDS.values() if backend.refuses(cell, work) is None)
    backend = find(name)
    reason = backend.refuses(cell, work)
    if reason is not None:
        raise Refusal(reason)
    return backend


def find(name: str) -> Backend:
    """Return the backend called `name`; raise `UserError` where there is none."""
    if name not in BACKENDS:
        raise unknown("backend", name, ["auto", *BACKENDS])
    return BACKENDS[name]


__all__ = ["BACKENDS", "Backend", "Run", "Workload", "choose", "find"]
