"""The backends by name, and the choice of one for a workload."""

from importlib import import_module
from typing import cast

from gatebench.backends.contract import Backend, Workload
from gatebench.backends.names import AUTO, BACKEND_NAMES
from gatebench.errors import Refusal, unknown
from gatebench.spec.cell import Cell

BACKENDS: dict[str, Backend] = {
    name: cast(Backend, import_module(f"gatebench.backends.{name}")) for name in BACKEND_NAMES
}
"""The backends by name, fastest first."""


def choose(name: str, cell: Cell, work: Workload) -> Backend:
    """Return the backend of this name, or for "auto" the first that does not refuse.

    Args:
        name: a backend's name, or "auto".
        cell: the cell to run.
        work: the sizes, the number type and the device.

    Raises:
        Refusal: the named backend cannot run this cell on this workload. No other backend takes its place.
        UserError: there is no backend of this name.
    """
    if name == AUTO:
        return next(backend for backend in BACKENDS.values() if backend.refuses(cell, work) is None)
    backend = find(name)
    reason = backend.refuses(cell, work)
    if reason is not None:
        raise Refusal(reason)
    return backend


def find(name: str) -> Backend:
    """Return the backend of this name.

    Raises:
        UserError: there is no backend of this name.
    """
    if name not in BACKENDS:
        raise unknown("backend", name, [AUTO, *BACKENDS])
    return BACKENDS[name]
