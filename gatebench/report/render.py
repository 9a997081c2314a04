"""A `Table` as a string: for a terminal, in Markdown, LaTeX, CSV, and HTML (in `page`)."""

import csv as csv_format
import re
from collections.abc import Callable, Sequence
from io import StringIO
from textwrap import wrap

from gatebench.report.ablation_table import AblationTable
from gatebench.report.html_page import html
from gatebench.report.task_table import Raw, TableRow, TaskTable

NARROWEST, WIDEST = (
    80,
    120,
)  # characters; notes fill at least the one, a long cell label is wrapped to keep to the other
SHORTEST_LABEL = 16
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def text(table: AblationTable) -> str:
    """Return the table in aligned columns for a terminal or a pipe, without colours; "*" stands for bold."""
    blocks = [_text_block(block) for block in table.blocks]
    width = max(len(line) for block in blocks for line in block.splitlines())
    notes = [f"* {table.bold}"] * bool(table.bold) + list(table.notes)
    return "\n\n".join([table.title, *blocks, "\n".join(_wrapped(notes, width))]) + "\n"


def _text_block(block: TaskTable) -> str:
    title = [column.title for column in block.columns]
    title[1] += "  "  # over the place of the star
    rows = [title, *map(_starred, block.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[0] = min(widths[0], max(WIDEST - sum(widths[1:]) - 2 * len(widths[1:]), SHORTEST_LABEL))
    head, *body = [_text_row(row, widths) for row in rows]
    rule = "─" * (sum(widths) + 2 * len(widths[1:]))
    notes = [f"{str(number).translate(SUPERSCRIPT)} {note}" for number, note in enumerate(block.footnotes, 1)]
    return "\n".join([block.task, rule, head, rule, *body, rule, *_wrapped([*notes, *block.notes], len(rule))])


def _starred(row: TableRow) -> list[str]:
    label, score, *others = row.texts
    mark = f" {str(row.footnote).translate(SUPERSCRIPT)}" if row.footnote else ""
    return [label + mark, score + (" *" if row.bold else "  "), *others]


def _text_row(row: Sequence[str], widths: Sequence[int]) -> str:
    """Return a row as a line, and as further ones where its label is too long."""
    first, *more = wrap(row[0], widths[0], subsequent_indent="  ", break_on_hyphens=False) or [""]
    numbers = [f"{value:>{width}}" for value, width in zip(row[1:], widths[1:], strict=True)]
    return "\n".join(["  ".join([f"{first:<{widths[0]}}", *numbers]).rstrip(), *more])


def _wrapped(notes: Sequence[str], width: int) -> list[str]:
    return [line for note in notes for line in wrap(note, max(width, NARROWEST), subsequent_indent="  ")]


def markdown(table: AblationTable) -> str:
    """Return the table in GitHub's Markdown, one heading a task."""
    notes = [f"**Bold**: {_markdown(table.bold)}"] * bool(table.bold) + [_markdown(note) for note in table.notes]
    # "*" and not "-": two lists of one sign in a row would be one list.
    below = "\n".join(f"* {note}" for note in notes)
    return "\n\n".join([f"## {_markdown(table.title)}", *map(_markdown_block, table.blocks), below]) + "\n"


def _markdown_block(block: TaskTable) -> str:
    rows = [[_markdown(column.title) for column in block.columns]]
    rows.append(["--:" if column.numeric else ":--" for column in block.columns])
    for row in block.rows:
        label, score, *others = map(_markdown, row.texts)
        mark = f" <sup>{row.footnote}</sup>" if row.footnote else ""
        rows.append([label + mark, f"**{score}**" if row.bold else score, *others])
    notes = [f"- <sup>{number}</sup> {_markdown(note)}" for number, note in enumerate(block.footnotes, 1)]
    notes += [f"- {_markdown(note)}" for note in block.notes]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"### {_markdown(block.task)}", "", *lines, *([""] if notes else []), *notes])


def _markdown(plain: str) -> str:
    """Escape what Markdown would take for markup, and no more: `lstm_peephole[i=1]` stays as it is."""
    return re.sub(r"[\\`*|<&~$#]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", plain)


def latex(table: AblationTable) -> str:
    """Return one floating table a task, with the rules of the package booktabs."""
    return "\n".join(_latex_block(block, table) for block in table.blocks)


def _latex_block(block: TaskTable, table: AblationTable) -> str:
    lines = [r"\toprule", _latex_row([_latex(column.title) for column in block.columns]), r"\midrule"]
    for row in block.rows:
        label, score, *others = map(_latex, row.texts)
        mark = rf"\textsuperscript{{{row.footnote}}}" if row.footnote else ""
        score = rf"\textbf{{{score}}}" if row.bold else score
        lines += [r"\midrule"] * (not row.record) + [_latex_row([label + mark, score, *others])]
    notes = [rf"\textsuperscript{{{number}}}~{_latex(note)}" for number, note in enumerate(block.footnotes, 1)]
    notes += [rf"\textbf{{Bold}}: {_latex(table.bold)}"] * bool(table.bold)
    notes += map(_latex, (*block.notes, *table.notes))
    body = "\n".join(f"    {line}" for line in (*lines, r"\bottomrule"))
    return rf"""\begin{{table}} % with \usepackage{{booktabs}}
  \centering\small\setlength{{\tabcolsep}}{{4pt}}
  \caption{{{_latex(table.title)}: {_latex(block.task)}.}}
  \label{{tab:{re.sub("[^a-z0-9]+", "-", block.task.lower())}}}
  \begin{{tabular}}{{{"".join("r" if column.numeric else "l" for column in block.columns)}}}
{body}
  \end{{tabular}}
  \par\smallskip\raggedright\footnotesize
  {(chr(10) + "  ").join(notes)}
\end{{table}}
"""


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


LIGATURE = re.compile(r"([-'`,])(?=\1)|[?!](?=`)")  # two signs that a font would draw as one
LATEX = {
    "\0": "{}",  # keeps such signs apart
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


def _latex(plain: str) -> str:
    """Escape what LaTeX would take for markup, and write our own signs with commands that every font has."""
    apart = LIGATURE.sub("\\g<0>\0", plain)
    return "".join(LATEX.get(character, character) for character in apart)


def csv(table: AblationTable) -> str:
    """Return a line a cell and task: unrounded numbers, in the metric's own unit, and nothing where there is none."""
    records = [row.record for block in table.blocks for row in block.rows if row.record]
    columns = list(dict.fromkeys(column for record in records for column in record))
    stream = StringIO()
    writer = csv_format.writer(stream, lineterminator="\n")
    writer.writerows([columns, *([_csv(record.get(column)) for column in columns] for record in records)])
    return stream.getvalue()


def _csv(value: Raw) -> str:
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
