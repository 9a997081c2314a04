r"""The width of a table on paper, estimated from its texts.

The estimate is that of Computer Modern at 9 points, which is `\small` in a document of 10 points.
"""

from collections.abc import Iterable, Sequence

from gatebench.report.task_table import TaskTable

ARTICLE = 345.0
"""The width of the text of LaTeX's class `article` at 10 points, in points."""

NARROW = 241.0
"""The width of a column of a paper with two columns, in points: that of ACM's class `acmart`. IEEE's is wider."""

DIGIT = 4.63
"""The width of a digit in points. Other characters are between 0.6 and 1.8 times as wide."""

GAP = 8.0
"""The space between two columns in points."""

LABEL_WIDTH = 110.0
"""The width in points to which longer labels of rows are wrapped."""

_WIDTHS = {1.75: "mMW%", 1.5: "+−±<>=wABCDEFGHKLNOPQRTUVXYZ", 1.08: "bdhknpquvxy&", 0.67: "ijl.,:;|!'()[] r/·t"}
_RELATIVE = {character: width for width, characters in _WIDTHS.items() for character in characters}


def text_width(text: str) -> float:
    """Return the width of a text in points."""
    return DIGIT * sum(_RELATIVE.get(character, 1.0) for character in text)


def column_width(task_table: TaskTable, index: int) -> float:
    """Return the width of a column with its gap in points. Long labels of rows are wrapped."""
    texts = [task_table.columns[index].title, *(row.texts[index] for row in task_table.rows)]
    widest = max(map(text_width, texts))
    return GAP + (widest if index else min(widest, LABEL_WIDTH))


def table_width(task_table: TaskTable, columns: Iterable[int]) -> float:
    """Return the width of a table with some of its columns, in points."""
    return sum(column_width(task_table, index) for index in columns)


def blocks(task_table: TaskTable, width: float) -> list[list[int]]:
    """Return the indices of the columns in blocks that are not wider than the page, each with the labels first.

    Args:
        task_table: the table.
        width: the width of the page in points. A single column may be wider.
    """
    found: list[list[int]] = [[0]]
    for index in range(1, len(task_table.columns)):
        if len(found[-1]) > 1 and table_width(task_table, [*found[-1], index]) > width:
            found.append([0])
        found[-1].append(index)
    return found


def fitting(task_table: TaskTable, columns: Sequence[int], width: float) -> list[int]:
    """Return the first columns of a list that fit the page beside the labels, in the order of the table.

    Args:
        task_table: the table.
        columns: the indices of the columns, the most important one first. It is always among the result.
        width: the width of the page in points.
    """
    chosen: list[int] = []
    for index in columns:
        if chosen and table_width(task_table, [0, *chosen, index]) > width:
            break
        chosen.append(index)
    return [0, *sorted(chosen)]
