"""The names of all backends. This module does not import torch, so that commands without torch start fast."""

from importlib.metadata import EntryPoint

from gatebench.errors import UserError
from gatebench.packages import BACKENDS, offers, package_name

BACKEND_NAMES = ("scan", "fused", "native", "triton", "manual", "reference")
"""The backends, fastest first: the order in which "auto" tries them. Each is a module of this package."""

COMPILED = ("scan", "fused", "triton")
"""The backends whose code is derived from the cell's table and compiled."""

NO_BACKEND = "torch"
"""What computes an architecture that is no cell: the operations of torch. It is no name of a backend."""

AUTO = "auto"
"""The name that stands for the first of `BACKEND_NAMES` that does not refuse."""


def package_backends() -> dict[str, EntryPoint]:
    """Return {name: entry point} of the backends of installed packages. "auto" takes none of them.

    Raises:
        UserError: a package offers a backend with the name of another one.
    """
    found: dict[str, EntryPoint] = {}
    for entry in offers(BACKENDS):
        if entry.name in (*BACKEND_NAMES, NO_BACKEND, AUTO, *found):
            holder = package_name(found[entry.name]) if entry.name in found else "gatebench"
            raise UserError(
                f"The package {package_name(entry)} offers a backend {entry.name!r}, which is a name of {holder}; it "
                "must have another name, or be uninstalled."
            )
        found[entry.name] = entry
    return found


def backend_names() -> tuple[str, ...]:
    """Return the names of the backends of gatebench and of installed packages."""
    return (*BACKEND_NAMES, *package_backends())
