"""The ablation table as text for a terminal of up to 120 columns."""

from collections.abc import Iterator, Sequence
from textwrap import wrap

from gatebench.report.ablation_table import AblationTable
from gatebench.report.task_table import SCORE_NAME, TaskTable

LEAST_WIDTH = 80
"""The least width of the notes below a table, in characters."""

MOST_WIDTH = 120
"""The largest width of a table. It is divided into blocks, and the labels of the cells are wrapped, to keep it."""

SHORTEST_LABEL = 16
"""The least width to which labels are wrapped."""

LONGEST_LABEL = 32
"""The width of labels from which a block of columns is begun rather than the labels wrapped."""

GAP = "  "
"""The space between two columns."""

SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def text(table: AblationTable, most_width: int = MOST_WIDTH) -> str:
    """Return the table in aligned columns, without colours. A star marks the bold scores.

    Args:
        table: the table.
        most_width: the width of the terminal. The columns are divided into blocks, and labels and notes are wrapped, so
            that lines are not longer, unless a single column is.
    """
    task_tables = [_text_table(task_table, most_width) for task_table in table.task_tables]
    width = max(len(line) for lines in task_tables for line in lines.splitlines())
    notes = [f"* {table.bold}"] * bool(table.bold) + list(table.notes)
    head = "\n".join([table.title, *wrap(table.question, _note_width(width, most_width))])
    return "\n\n".join([head, *task_tables, "\n".join(_wrapped(notes, _note_width(width, most_width)))]) + "\n"


def _note_width(width: int, most_width: int) -> int:
    """Return the width of the notes below a table of some width."""
    return min(max(width, LEAST_WIDTH), most_width)


def _text_table(task_table: TaskTable, most_width: int) -> str:
    """Return a table: its blocks of columns one below the other, then its notes."""
    blocks = [_block(task_table, columns, most_width) for columns in _blocks(task_table, most_width)]
    width = max(len(line) for block in blocks for line in block)
    lines = "\n\n".join("\n".join(block) for block in blocks)
    footnotes = [f"{number_mark((number,))} {note}" for number, note in enumerate(task_table.footnotes, 1)]
    return "\n".join(
        [task_table.task, lines, *_wrapped([*footnotes, *task_table.notes], _note_width(width, most_width))]
    )


def number_mark(numbers: Sequence[int]) -> str:
    """Return the numbers of footnotes as superscripts, e.g. "¹ ³"."""
    return " ".join(str(number).translate(SUPERSCRIPT) for number in numbers)


def _blocks(task_table: TaskTable, most_width: int) -> list[list[int]]:
    """Return the indices of the columns in each block, without that of the labels.

    Groups of columns that fit beside each other share a block. A group that is too wide for one is divided.
    """
    widths = _widths(_texts(task_table))
    available = most_width - min(widths[0], LONGEST_LABEL, max(most_width // 3, SHORTEST_LABEL))
    groups: dict[str, list[int]] = {}
    for index, column in enumerate(task_table.columns[1:], 1):
        groups.setdefault(column.group, []).append(index)
    blocks = list[list[int]]()
    used = available
    for group in groups.values():
        whole = sum(widths[index] + len(GAP) for index in group)
        if used + whole > available:
            blocks.append([])
            used = 0
        for index in group:
            needed = widths[index] + len(GAP)
            if blocks[-1] and used + needed > available:
                blocks.append([])
                used = 0
            blocks[-1].append(index)
            used += needed
    return blocks


def _block(task_table: TaskTable, columns: Sequence[int], most_width: int) -> list[str]:
    """Return the lines of a block: the titles and the rows between rules.

    Rows of chance and simple methods have nothing but a score, so they are only in the block of the score.
    """
    head, *body = _texts(task_table)
    if not any(task_table.columns[index].name == SCORE_NAME for index in columns):
        body = [texts for texts, row in zip(body, task_table.rows, strict=True) if row.record]
    rows = [[texts[index] for index in (0, *columns)] for texts in (head, *body)]
    widths = _widths(rows)
    widths[0] = min(widths[0], max(most_width - sum(widths[1:]) - len(GAP) * len(columns), SHORTEST_LABEL))
    titles, *lines = [line for row in rows for line in _lines(row, widths)]
    rule = "─" * (sum(widths) + len(GAP) * len(columns))
    return [rule, titles, rule, *lines, rule]


def _texts(task_table: TaskTable) -> list[list[str]]:
    """Return the titles and the texts of all rows, with the marks of footnotes and the stars of bold scores.

    In a column with a star the other texts have a space in its place.
    """
    starred = {index for row in task_table.rows for index in row.bold}
    rows = [[column.title for column in task_table.columns]]
    for row in task_table.rows:
        mark = f" {number_mark(row.footnotes)}" if row.footnotes else ""
        rows.append([row.texts[0] + mark, *row.texts[1:]])
    stars = [(), *(row.bold for row in task_table.rows)]
    return [
        [text + (" *" if index in bold else "  " if index in starred else "") for index, text in enumerate(row)]
        for row, bold in zip(rows, stars, strict=True)
    ]


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _lines(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """Yield a row as one line, or as several if its label is wrapped."""
    first, *more = wrap(row[0], widths[0], subsequent_indent="  ", break_on_hyphens=False) or [""]
    numbers = [f"{value:>{width}}" for value, width in zip(row[1:], widths[1:], strict=True)]
    yield GAP.join([f"{first:<{widths[0]}}", *numbers]).rstrip()
    yield from more


def _wrapped(notes: Sequence[str], width: int) -> list[str]:
    return [line for note in notes for line in wrap(note, width, subsequent_indent="  ")]
