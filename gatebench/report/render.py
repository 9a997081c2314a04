"""The ablation table as a string in several formats: text, Markdown, LaTeX and CSV here, HTML in `html_page`."""

import csv as csv_format
import re
from collections.abc import Callable, Sequence
from io import StringIO
from textwrap import wrap

from gatebench.report.ablation_table import AblationTable
from gatebench.report.html_page import html
from gatebench.report.task_table import RecordValue, TableRow, TaskTable

LEAST_WIDTH = 80
"""The least width of the notes below a text table, in characters."""

MOST_WIDTH = 120
"""The largest width of a text table. The labels of the cells are wrapped to keep it."""

SHORTEST_LABEL = 16
"""The least width to which labels are wrapped."""

SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def text(table: AblationTable) -> str:
    """Return the table in aligned columns, without colours. A star marks the bold scores."""
    task_tables = [_text_table(task_table) for task_table in table.task_tables]
    width = max(len(line) for lines in task_tables for line in lines.splitlines())
    notes = [f"* {table.bold}"] * bool(table.bold) + list(table.notes)
    return "\n\n".join([table.title, *task_tables, "\n".join(_wrapped(notes, width))]) + "\n"


def _text_table(task_table: TaskTable) -> str:
    titles = [column.title for column in task_table.columns]
    titles[1] += "  "  # above the star
    rows = [titles, *map(_text_cells, task_table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], max(MOST_WIDTH - sum(widths[1:]) - 2 * len(widths[1:]), SHORTEST_LABEL))
    head, *body = [_text_row(row, widths) for row in rows]
    rule = "─" * (sum(widths) + 2 * len(widths[1:]))
    footnotes = [f"{str(number).translate(SUPERSCRIPT)} {note}" for number, note in enumerate(task_table.footnotes, 1)]
    notes = _wrapped([*footnotes, *task_table.notes], len(rule))
    return "\n".join([task_table.task, rule, head, rule, *body, rule, *notes])


def _text_cells(row: TableRow) -> list[str]:
    """Return the texts of a row with the mark of its footnote and its star."""
    label, score, *others = row.texts
    mark = f" {str(row.footnote).translate(SUPERSCRIPT)}" if row.footnote else ""
    return [label + mark, score + (" *" if row.bold else "  "), *others]


def _text_row(row: Sequence[str], widths: Sequence[int]) -> str:
    """Return a row as one line, or several if its label is wrapped."""
    first, *more = wrap(row[0], widths[0], subsequent_indent="  ", break_on_hyphens=False) or [""]
    numbers = [f"{value:>{width}}" for value, width in zip(row[1:], widths[1:], strict=True)]
    return "\n".join(["  ".join([f"{first:<{widths[0]}}", *numbers]).rstrip(), *more])


def _wrapped(notes: Sequence[str], width: int) -> list[str]:
    return [line for note in notes for line in wrap(note, max(width, LEAST_WIDTH), subsequent_indent="  ")]


def markdown(table: AblationTable) -> str:
    """Return the table in GitHub's Markdown, with one heading for each task."""
    notes = [f"**Bold**: {_markdown(table.bold)}"] * bool(table.bold) + [_markdown(note) for note in table.notes]
    # "*" instead of "-": Markdown joins two lists with the same sign.
    bullets = "\n".join(f"* {note}" for note in notes)
    task_tables = map(_markdown_table, table.task_tables)
    return "\n\n".join([f"## {_markdown(table.title)}", *task_tables, bullets]) + "\n"


def _markdown_table(task_table: TaskTable) -> str:
    rows = [[_markdown(column.title) for column in task_table.columns]]
    rows.append(["--:" if column.numeric else ":--" for column in task_table.columns])
    for row in task_table.rows:
        label, score, *others = map(_markdown, row.texts)
        mark = f" <sup>{row.footnote}</sup>" if row.footnote else ""
        rows.append([label + mark, f"**{score}**" if row.bold else score, *others])
    notes = [f"- <sup>{number}</sup> {_markdown(note)}" for number, note in enumerate(task_table.footnotes, 1)]
    notes += [f"- {_markdown(note)}" for note in task_table.notes]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"### {_markdown(task_table.task)}", "", *lines, *([""] if notes else []), *notes])


def _markdown(plain: str) -> str:
    """Escape the characters that are markup in Markdown, and no others: `lstm_peephole[i=1]` is unchanged."""
    return re.sub(r"[\\`*|<&~$#]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", plain)


def latex(table: AblationTable) -> str:
    """Return one floating table for each task, with the rules of the package booktabs."""
    return "\n".join(_latex_table(task_table, table) for task_table in table.task_tables)


def _latex_table(task_table: TaskTable, table: AblationTable) -> str:
    lines = [r"\toprule", _latex_row([_latex(column.title) for column in task_table.columns]), r"\midrule"]
    for row in task_table.rows:
        label, score, *others = map(_latex, row.texts)
        mark = rf"\textsuperscript{{{row.footnote}}}" if row.footnote else ""
        score = rf"\textbf{{{score}}}" if row.bold else score
        lines += [r"\midrule"] * (not row.record) + [_latex_row([label + mark, score, *others])]
    notes = [rf"\textsuperscript{{{number}}}~{_latex(note)}" for number, note in enumerate(task_table.footnotes, 1)]
    notes += [rf"\textbf{{Bold}}: {_latex(table.bold)}"] * bool(table.bold)
    notes += map(_latex, (*task_table.notes, *table.notes))
    body = "\n".join(f"    {line}" for line in (*lines, r"\bottomrule"))
    return rf"""\begin{{table}} % with \usepackage{{booktabs}}
  \centering\small\setlength{{\tabcolsep}}{{4pt}}
  \caption{{{_latex(table.title)}: {_latex(task_table.task)}.}}
  \label{{tab:{re.sub("[^a-z0-9]+", "-", task_table.task.lower())}}}
  \begin{{tabular}}{{{"".join("r" if column.numeric else "l" for column in task_table.columns)}}}
{body}
  \end{{tabular}}
  \par\smallskip\raggedright\footnotesize
  {(chr(10) + "  ").join(notes)}
\end{{table}}
"""


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


LIGATURE = re.compile(r"([-'`,])(?=\1)|[?!](?=`)")
"""The first of two characters that a font would join."""

LATEX = {
    "\0": "{}",  # separates such characters
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "[": "{[}",  # a bracket at the start of a row would be an argument of the \\ before it
    "]": "{]}",
    "–": "--",
    "±": r"$\pm$",
    "−": "$-$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{character: f"${character}$" for character in "<>|"},
}
"""The characters that are markup in LaTeX, or that fonts may lack, and their commands."""


def _latex(plain: str) -> str:
    """Escape the characters that are markup in LaTeX, and write other signs as commands that work in every font."""
    separated = LIGATURE.sub("\\g<0>\0", plain)
    return "".join(LATEX.get(character, character) for character in separated)


def csv(table: AblationTable) -> str:
    """Return one line for each cell and task: unrounded values in the metric's own unit, empty where there is none."""
    records = [row.record for task_table in table.task_tables for row in task_table.rows if row.record]
    columns = list(dict.fromkeys(column for record in records for column in record))
    stream = StringIO()
    writer = csv_format.writer(stream, lineterminator="\n")
    writer.writerows([columns, *([_csv(record.get(column)) for column in columns] for record in records)])
    return stream.getvalue()


def _csv(value: RecordValue) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


FORMATS: dict[str, Callable[[AblationTable], str]] = {
    "text": text,
    "markdown": markdown,
    "latex": latex,
    "csv": csv,
    "html": html,
}
"""The formats, by the name in the setting `format`."""
