"""gatebench: which gate of a recurrent network matters, where, and by how much."""

from typing import TYPE_CHECKING, Any

from gatebench.cells import build_cell, cell_names, load_cell
from gatebench.spec.cell import Cell
from gatebench.spec.gate import Gate

if TYPE_CHECKING:
    from gatebench.nn.recurrent import Recurrent

__all__ = ["Cell", "Gate", "Recurrent", "build_cell", "cell_names", "load_cell"]


def __getattr__(name: str) -> Any:
    # torch takes seconds to import, and plans and tables need none of it.
    if name == "Recurrent":
        from gatebench.nn.recurrent import Recurrent

        return Recurrent
    raise AttributeError(f"module 'gatebench' has no attribute {name!r}")
