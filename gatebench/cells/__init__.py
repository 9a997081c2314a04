"""The cells: base cells as tables in Python, one subject a file, and ablations of them as YAML in `conf/cell`."""

from gatebench.cells import gru, lstm, minimal, rnn, today
from gatebench.spec import Cell

BASES: dict[str, Cell] = {cell.name: cell for family in (rnn, lstm, gru, minimal, today) for cell in family.CELLS}
"""The cells whose mathematics is written in Python, by name."""

from gatebench.cells.load import build_cell, cell_names, load_cell  # noqa: E402  (they read BASES)

__all__ = ["BASES", "build_cell", "cell_names", "load_cell"]
