"""gatebench: which gate of a recurrent network matters, where, and by how much."""

from typing import TYPE_CHECKING, Any

from gatebench.cells import build_cell, cell_names, load_cell
from gatebench.gate import Gate
from gatebench.spec import Cell

if TYPE_CHECKING:
    from gatebench.layer import Recurrent

__all__ = ["Cell", "Gate", "Recurrent", "build_cell", "cell_names", "load_cell"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import, and plans and tables need none of it.
    if name == "Recurrent":
        from gatebench.layer import Recurrent

        return Recurrent
    raise AttributeError(f"module 'gatebench' has no attribute {name!r}")
