"""gatebench: which gate of a recurrent network matters, where, and by how much."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from gatebench.cells import build_cell, cell_names, load_cell
from gatebench.spec.cell import Cell
from gatebench.spec.gate import Gate

if TYPE_CHECKING:
    from gatebench.nn.recurrent import Recurrent
    from gatebench.saved.study_frame import load_study
    from gatebench.saved.trained_trial import load_trial

__all__ = ["Cell", "Gate", "Recurrent", "build_cell", "cell_names", "load_cell", "load_study", "load_trial"]

LAZY = {
    "Recurrent": "gatebench.nn.recurrent",
    "load_study": "gatebench.saved.study_frame",
    "load_trial": "gatebench.saved.trained_trial",
}
"""{name: module} of the names that are imported when they are used for the first time."""


def __getattr__(name: str) -> Any:
    # torch, pandas and MLflow take seconds to import, and plans and tables need none of them.
    if name in LAZY:
        return getattr(import_module(LAZY[name]), name)
    raise AttributeError(f"module 'gatebench' has no attribute {name!r}")
