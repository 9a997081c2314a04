"""The cells: base cells as tables in Python, one family a file, and their ablations as YAML in `conf/cell`."""

from gatebench.cells.bases import BASES
from gatebench.cells.load import build_cell, cell_names, load_cell

__all__ = ["BASES", "build_cell", "cell_names", "load_cell"]
