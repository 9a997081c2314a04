"""The cells.

The base cells are tables in Python, one family in each file. Their ablations are YAML files in `conf/cell`.
"""

from gatebench.cells.bases import BASES
from gatebench.cells.load import build_cell, cell_names, load_cell

__all__ = ["BASES", "build_cell", "cell_names", "load_cell"]
