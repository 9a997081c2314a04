"""The cells.

The base cells are tables in Python, one family in each file. Their ablations are YAML files in `conf/cell`. That folder
also has the configs of the architectures that are compared with cells and are none.
"""

from gatebench.cells.architectures import ARCHITECTURES, build_architecture, is_architecture
from gatebench.cells.bases import BASES
from gatebench.cells.load import build_cell, build_compared, cell_names, load_cell, load_compared

__all__ = [
    "ARCHITECTURES",
    "BASES",
    "build_architecture",
    "build_cell",
    "build_compared",
    "cell_names",
    "is_architecture",
    "load_cell",
    "load_compared",
]
