"""The ablation table in LaTeX: floating tables with the rules of the package booktabs, for a paper."""

import re
from collections.abc import Sequence

from gatebench.report.ablation_table import AblationTable
from gatebench.report.task_table import Column, TableRow, TaskTable


def latex(table: AblationTable) -> str:
    """Return one floating table for each group of columns of each task: the comparison, and cost and gates."""
    pages = []
    for task_table in table.task_tables:
        groups = dict.fromkeys(column.group for column in task_table.columns)
        pages += [_group_table(task_table, group, table) for group in groups]
    return "\n".join(pages)


def _group_table(task_table: TaskTable, group: str, table: AblationTable) -> str:
    """Return the table of one group of columns. The notes are below the first one."""
    is_first = group == task_table.columns[0].group
    chosen = [0, *(i for i, column in enumerate(task_table.columns) if i and column.group == group)]
    columns = [task_table.columns[index] for index in chosen]
    lines = [r"\toprule", _row([escaped(column.title) for column in columns]), r"\midrule"]
    was_cell = True
    for row in task_table.rows:
        if not (is_first or row.record):
            continue
        texts = [_cell(row, index) for index in chosen]
        if row.footnotes:
            texts[0] += rf"\textsuperscript{{{','.join(map(str, row.footnotes))}}}"
        lines += [r"\midrule"] * (was_cell and not row.record) + [_row(texts)]
        was_cell = bool(row.record)
    title = f"{table.title}, {task_table.task}" + (f", {group}" if group else "")
    caption = f"{title}. {table.question}" if is_first and table.question else f"{title}."
    return _float(title, caption, columns, [*lines, r"\bottomrule"], _notes(task_table, table) if is_first else [])


def _notes(task_table: TaskTable, table: AblationTable) -> list[str]:
    notes = [rf"\textsuperscript{{{number}}}~{escaped(note)}" for number, note in enumerate(task_table.footnotes, 1)]
    notes += [rf"\textbf{{Bold}}: {escaped(table.bold)}"] * bool(table.bold)
    return [*notes, *map(escaped, (*task_table.notes, *table.notes))]


def _float(title: str, caption: str, columns: Sequence[Column], lines: Sequence[str], notes: Sequence[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    below = [r"  \par\smallskip\raggedright\footnotesize", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(
        [
            r"\begin{table} % with \usepackage{booktabs}",
            r"  \centering\small\setlength{\tabcolsep}{4pt}",
            rf"  \caption{{{escaped(caption)}}}",
            rf"  \label{{tab:{re.sub('[^a-z0-9]+', '-', title.lower()).strip('-')}}}",
            rf"  \begin{{tabular}}{{{''.join('r' if column.numeric else 'l' for column in columns)}}}",
            body,
            r"  \end{tabular}",
            *below,
            r"\end{table}",
            "",
        ]
    )


def _cell(row: TableRow, index: int) -> str:
    text = escaped(row.texts[index])
    return rf"\textbf{{{text}}}" if index in row.bold else text


def _row(cells: Sequence[str]) -> str:
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
    "…": r"\dots{}",
    "·": r"$\cdot$",
    "∞": r"$\infty$",
    "±": r"$\pm$",
    "−": "$-$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    **{character: f"${character}$" for character in "<>|"},
}
"""The characters that are markup in LaTeX, or that fonts may lack, and their commands."""


def escaped(plain: str) -> str:
    """Escape the characters that are markup in LaTeX, and write other signs as commands that work in every font."""
    separated = LIGATURE.sub("\\g<0>\0", plain)
    return "".join(LATEX.get(character, character) for character in separated)
