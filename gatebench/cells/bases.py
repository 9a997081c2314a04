"""The base cells: all cells with equations written in Python."""

from gatebench.cells import exponential, gru, lstm, minimal, parallel, rnn
from gatebench.spec.cell import Cell

FAMILIES = (rnn, lstm, gru, minimal, parallel, exponential)
"""The modules of base cells. Each one has a tuple `CELLS`."""

BASES: dict[str, Cell] = {cell.name: cell for family in FAMILIES for cell in family.CELLS}
"""The base cells by name."""
