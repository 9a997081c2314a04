"""The width of the terminal, for texts that are wrapped to it."""

import shutil
import sys

from gatebench.report.text_page import MOST_WIDTH

LEAST_WIDTH = 40
"""The least width to which texts are wrapped, in characters."""


def terminal_width() -> int:
    """Return the width of the terminal, from `LEAST_WIDTH` to `MOST_WIDTH`; `MOST_WIDTH` if the output is no terminal.

    A file or another program gets the same text whatever the size of the terminal.
    """
    if not sys.stdout.isatty():
        return MOST_WIDTH
    return min(max(shutil.get_terminal_size((MOST_WIDTH, 24)).columns, LEAST_WIDTH), MOST_WIDTH)
