"""The backends by name, and the choice of one for a workload."""

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import cast

from gatebench.backends.contract import Backend, Workload
from gatebench.backends.names import AUTO, BACKEND_NAMES, package_backends
from gatebench.errors import Refusal, UserError, unknown
from gatebench.packages import package_name
from gatebench.spec.cell import Cell

BACKENDS: dict[str, Backend] = {
    name: cast(Backend, import_module(f"gatebench.backends.{name}")) for name in BACKEND_NAMES
}
"""The backends of gatebench by name, fastest first. "auto" tries them in this order."""

INTERFACE = ("NAME", "DESCRIPTION", "refuses_cell", "refuses", "run")
"""What a backend has, see `gatebench.backends.contract`."""


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
    """Return the backend of this name, of gatebench or of an installed package.

    Raises:
        UserError: there is no backend of this name, or that of an installed package is broken.
    """
    if name in BACKENDS:
        return BACKENDS[name]
    offered = package_backends()
    if name not in offered:
        raise unknown("backend", name, [AUTO, *BACKENDS, *offered])
    return _loaded(offered[name])


@cache
def _loaded(entry: EntryPoint) -> Backend:
    """Return the backend of an installed package.

    Raises:
        UserError: its module cannot be imported, or is no backend.
    """
    place = f"The backend {entry.name!r} of the package {package_name(entry)}"
    try:
        found = entry.load()
    except Exception as error:  # the code of the package may raise anything
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{place} cannot be imported from {entry.value}: {reason.rstrip('.')}.") from error
    missing = [name for name in INTERFACE if not hasattr(found, name)]
    if missing:
        raise UserError(f"{place} has no {', '.join(missing)}, so that {entry.value} is no backend.")
    if entry.name != found.NAME:
        raise UserError(f"{place} has the NAME {found.NAME!r}; it must be {entry.name!r}, the name of its entry point.")
    return cast(Backend, found)
