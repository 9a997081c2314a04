"""A table as plain data: its columns, rows and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

RecordValue = str | float | int | bool | None
"""An unrounded value for programs."""

COMPARISON = ""
"""The group of the columns that compare the cells. It has no heading."""

SCORE = 1
"""The index of the column of the score, before columns are chosen."""

LABEL, SCORE_NAME = "cell", "score"
"""The names of the column of the labels and of that of the score."""

MORE_SCORES = "more scores"
"""The group of the columns with medians, best scores and other metrics."""

COST = "cost and gates"
"""The group of the columns with parameters, time and gates."""


@dataclass(frozen=True)
class Column:
    """A column.

    Attributes:
        title: the title.
        numeric: whether it contains numbers, which are aligned on the right.
        group: the heading of its group. Where lines are short, each group is a block of its own.
        name: the name by which `columns=` chooses it; several columns of published results share a name.
        keys: patterns of the names of its values for programs, as `fnmatch` reads them: "difference_*".
    """

    title: str
    numeric: bool = True
    group: str = COMPARISON
    name: str = ""
    keys: tuple[str, ...] = ()


class ColumnNote(str):
    """A note about some columns. It is left out if none of them is shown.

    Args:
        text: the note.
        columns: the names of the columns.
    """

    __slots__ = ("columns",)
    columns: frozenset[str]

    def __new__(cls, text: str, *columns: str) -> ColumnNote:
        """Return the note, a text with the names of its columns."""
        note = super().__new__(cls, text)
        note.columns = frozenset(columns)
        return note


@dataclass(frozen=True)
class TableRow:
    """A row.

    Attributes:
        texts: one text for each column. The first one is the label.
        record: the values for programs, unrounded, by the name of the CSV column; empty for chance and simple methods.
        bold: the indices of the columns with a bold text: those of the scores that are the best.
        footnotes: the numbers of the footnotes of this row, from 1.
    """

    texts: tuple[str, ...]
    record: Mapping[str, RecordValue]
    bold: frozenset[int] = frozenset()
    footnotes: tuple[int, ...] = ()


@dataclass(frozen=True)
class TaskTable:
    """The table of one task, or of all tasks together.

    Attributes:
        task: the heading: the label of the task, with the metric if there is a table for each of several metrics.
        columns: the columns.
        rows: the cells, then chance, then the simple methods.
        footnotes: the texts of the rows' footnotes.
        notes: the notes on the whole table.
    """

    task: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    footnotes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
