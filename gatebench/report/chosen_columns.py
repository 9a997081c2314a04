"""The columns of a table that `columns=` chooses."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from gatebench.errors import unknown
from gatebench.report.ablation_table import AblationTable
from gatebench.report.printed_width import ARTICLE, NARROW, fitting
from gatebench.report.published.columns import EXPECTED, PUBLISHED, VERDICT
from gatebench.report.task_table import LABEL, SCORE_NAME, ColumnNote, TableRow, TaskTable

ALL = "all"
"""The name that stands for all columns."""

WIDTHS = {"article": ARTICLE, "narrow": NARROW}
"""The names that stand for the columns that fit a page, and its width in points."""

IMPORTANCE = (
    *(SCORE_NAME, "difference", "p", "n"),
    *("normalised", "better"),
    *("published", "verdict", "parameters", "effect"),
)
"""The names of the columns that may be chosen for a page, the most important one first."""

IDENTITY = ("task", "cell", "label", "cell_digest", "settings", "metric", "direction", "unit")
"""The values for programs that come first in each row; its footnote is the last one."""


def with_columns(table: AblationTable, names: Sequence[str]) -> AblationTable:
    """Return the table with some of its columns, in the order of the names, behind the labels.

    A task's table without a column of a name lacks it. Notes about columns that are not shown are left out, and if the
    score is not shown, also the rows of chance and of simple methods.

    Args:
        table: the table.
        names: the names of columns; "all"; or "article" or "narrow" for the most important columns that fit a page.
            Empty: all columns.

    Raises:
        UserError: no table has a column of a name.
    """
    if not names or ALL in names:
        return table
    known = [column.name for task_table in table.task_tables for column in task_table.columns]
    for name in names:
        if name not in (*known, *WIDTHS):
            raise unknown("column", name, [*known, *WIDTHS, ALL], where="of this table")
    tables = [_chosen(task_table, _indices(task_table, names)) for task_table in table.task_tables]
    shown = {column.name for task_table in tables for column in task_table.columns}
    bold = table.bold if any(row.bold for task_table in tables for row in task_table.rows) else ""
    return replace(table, task_tables=tuple(tables), bold=bold, notes=_notes(table.notes, shown))


def _indices(task_table: TaskTable, names: Sequence[str]) -> list[int]:
    """Return the indices of the columns with the names, that of the labels first."""
    own = [column.name for column in task_table.columns]
    for name in names:
        if name in WIDTHS:
            important = [index for key in IMPORTANCE for index, one in enumerate(own) if one == key]
            return fitting(task_table, important, WIDTHS[name])
    found = [index for name in dict.fromkeys(names) for index, one in enumerate(own) if one == name != LABEL]
    return [0, *_by_publication(task_table, found)]


def _by_publication(task_table: TaskTable, indices: Sequence[int]) -> list[int]:
    """Return the indices with the columns of each publication side by side, at the place of the first of them."""
    published = [index for index in indices if task_table.columns[index].name in (PUBLISHED, EXPECTED, VERDICT)]
    groups = dict.fromkeys(task_table.columns[index].group for index in sorted(published))
    together = [index for group in groups for index in published if task_table.columns[index].group == group]
    first = indices.index(published[0]) if published else 0
    others = [index for index in indices if index not in published]
    return [*others[:first], *together, *others[first:]]


def _chosen(task_table: TaskTable, indices: Sequence[int]) -> TaskTable:
    columns = tuple(task_table.columns[index] for index in indices)
    shown = {column.name for column in columns}
    patterns = [*IDENTITY, *(key for column in columns for key in column.keys), "footnote"]
    rows = [_row(row, indices, patterns) for row in task_table.rows if row.record or SCORE_NAME in shown]
    return replace(task_table, columns=columns, rows=tuple(rows), notes=_notes(task_table.notes, shown))


def _row(row: TableRow, indices: Sequence[int], patterns: Sequence[str]) -> TableRow:
    places = {old: new for new, old in enumerate(indices)}
    record = {key: row.record[key] for one in patterns for key in row.record if fnmatchcase(key, one)}
    bold = frozenset(places[index] for index in row.bold if index in places)
    return replace(row, texts=tuple(row.texts[index] for index in indices), record=record, bold=bold)


def _notes(notes: Iterable[str], shown: set[str]) -> tuple[str, ...]:
    """Return the notes without those about columns that are not shown."""
    return tuple(note for note in notes if not isinstance(note, ColumnNote) or note.columns & shown)
