"""The table of one task as plain data: its columns, rows and notes."""

from collections.abc import Mapping
from dataclasses import dataclass

RecordValue = str | float | int | bool | None
"""An unrounded value for programs."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: the title.
        numeric: whether it contains numbers, which are aligned on the right.
    """

    title: str
    numeric: bool = True


@dataclass(frozen=True)
class TableRow:
    """A row.

    Attributes:
        texts: one text for each column. The second one is the score.
        record: the values for programs, unrounded, by the name of the CSV column; empty for chance and simple methods.
        bold: whether the score is bold.
        footnote: the number of the footnote of this row, from 1; None: no footnote.
    """

    texts: tuple[str, ...]
    record: Mapping[str, RecordValue]
    bold: bool = False
    footnote: int | None = None


@dataclass(frozen=True)
class TaskTable:
    """The table of one task.

    Attributes:
        task: the label of the task.
        columns: the columns.
        rows: the cells, then chance, then the simple methods.
        footnotes: the texts of the rows' footnotes.
        notes: the notes on the whole table.
    """

    task: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    footnotes: tuple[str, ...]
    notes: tuple[str, ...]
