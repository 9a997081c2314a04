"""The ablation table in LaTeX: floating tables with the packages booktabs and siunitx, for a paper.

Numbers are aligned at their points by siunitx. Columns that do not fit the width of `article` beside each other are in
further tables.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gatebench.report.ablation_table import AblationTable
from gatebench.report.number_format import MISSING
from gatebench.report.printed_width import ARTICLE, LABEL_WIDTH, blocks, text_width
from gatebench.report.task_table import SCORE_NAME, TableRow, TaskTable

PREAMBLE = r"\usepackage{booktabs,siunitx}"
"""The line that a document needs before its tables."""

SETUP = (
    r"\sisetup{separate-uncertainty, retain-explicit-plus, detect-weight, mode=text, group-separator={,}, "
    r"group-digits=integer, group-minimum-digits=4}"
)
"""The settings of siunitx: 73.7 ± 3.0, signs as they are, bold numbers, and 5,066."""

_NUMBER = re.compile(r"(?P<sign>[+−]?)(?P<whole>\d[\d,]*)(?:\.(?P<part>\d+))?(?: ± (?P<spread>\d[\d,]*(?:\.\d+)?))?")


@dataclass(frozen=True)
class ReservedDigits:
    """The numbers of digits for which siunitx reserves space.

    Attributes:
        sign: whether a number has a sign.
        whole: the digits before the point.
        part: those behind it.
        spread: the digits of the half width of the interval; 0: none.
    """

    sign: bool
    whole: int
    part: int
    spread: int

    @property
    def column(self) -> str:
        """The type of the column: S[table-format=+2.1(2)]."""
        spread = f"({self.spread})" if self.spread else ""
        return f"S[table-format={'+' * self.sign}{self.whole}.{self.part}{spread}]"


def latex(table: AblationTable) -> str:
    """Return a floating table for each task, or several if its columns do not fit beside each other."""
    pages = []
    for task_table in table.task_tables:
        for number, columns in enumerate(blocks(task_table, ARTICLE)):
            pages.append(_block_table(task_table, columns, table, number))
    return "\n".join(pages)


def _block_table(task_table: TaskTable, columns: Sequence[int], table: AblationTable, number: int) -> str:
    """Return the table of some columns. The notes are below the first one.

    Args:
        task_table: the table of the task.
        columns: the indices of the columns, that of the labels first.
        table: the whole table.
        number: the number of the block, from 0.
    """
    names = [task_table.columns[index].name for index in columns]
    rows = [row for row in task_table.rows if row.record or SCORE_NAME in names or not number]
    digits = {index: found for index in columns[1:] if (found := _digits([row.texts[index] for row in rows]))}
    titles = [escaped(task_table.columns[index].title) for index in columns]
    titles = [f"{{{text}}}" if index in digits else text for index, text in zip(columns, titles, strict=True)]
    lines = [r"\toprule", _row(titles), r"\midrule"]
    was_cell = True
    for row in rows:
        texts = [_number(row, index) if index in digits else _text(row, index) for index in columns]
        if row.footnotes:
            texts[0] += rf"\textsuperscript{{{','.join(map(str, row.footnotes))}}}"
        lines += [r"\midrule"] * (was_cell and not row.record) + [_row(texts)]
        was_cell = bool(row.record)
    alignment = _label_column(task_table) + "".join(_alignment(task_table, index, digits) for index in columns[1:])
    title = f"{table.title}, {task_table.task}" + (f", part {number + 1}" if number else "")
    notes = [] if number else _notes(task_table, table)
    return _float(title, _caption(table, task_table, number), alignment, [*lines, r"\bottomrule"], notes)


def _caption(table: AblationTable, task_table: TaskTable, number: int) -> str:
    """Return the caption: the question of the study and the task, or the title if the study declares no question."""
    head = f"{table.question} Task: {task_table.task}." if table.question else f"{table.title}, {task_table.task}."
    return f"{head} Part {number + 1}." if number else head


def _label_column(task_table: TaskTable) -> str:
    """Return the type of the column of the labels, which are wrapped if they are long."""
    widest = max((text_width(row.texts[0]) for row in task_table.rows), default=0.0)
    return "l" if widest <= LABEL_WIDTH else rf">{{\raggedright\arraybackslash}}p{{{LABEL_WIDTH:.0f}pt}}"


def _alignment(task_table: TaskTable, index: int, digits: dict[int, ReservedDigits]) -> str:
    if index in digits:
        return digits[index].column
    return "r" if task_table.columns[index].numeric else "l"


def _digits(texts: Sequence[str]) -> ReservedDigits | None:
    """Return the digits of the numbers in a column; None if fewer than half of them are numbers."""
    found = [match for text in texts if (match := _NUMBER.fullmatch(text))]
    if 2 * len(found) < len(texts) - texts.count(MISSING) or not found:
        return None
    return ReservedDigits(
        sign=any(match["sign"] for match in found),
        whole=max(len(match["whole"].replace(",", "")) for match in found),
        part=max(len(match["part"] or "") for match in found),
        spread=max(len(re.sub("[,.]", "", match["spread"] or "")) for match in found),
    )


def _number(row: TableRow, index: int) -> str:
    """Return a cell of a column of numbers: 73.7 +- 3.0, or another text in braces, which is centred."""
    match = _NUMBER.fullmatch(row.texts[index])
    if match is None:
        return f"{{{_text(row, index)}}}"
    number = row.texts[index].replace(",", "").replace("−", "-").replace("±", "+-")
    return rf"\bfseries {number}" if index in row.bold else number


def _notes(task_table: TaskTable, table: AblationTable) -> list[str]:
    notes = [rf"\textsuperscript{{{number}}}~{escaped(note)}" for number, note in enumerate(task_table.footnotes, 1)]
    notes += [rf"\textbf{{Bold}}: {escaped(table.bold)}"] * bool(table.bold)
    return [*notes, *map(escaped, (*task_table.notes, *table.notes))]


def _float(title: str, caption: str, alignment: str, lines: Sequence[str], notes: Sequence[str]) -> str:
    body = "\n".join(f"    {line}" for line in lines)
    below = [r"  \par\smallskip\raggedright\footnotesize", *(f"  {note}" for note in notes)] if notes else []
    return "\n".join(
        [
            rf"\begin{{table}} % with {PREAMBLE}",
            r"  \centering\small\setlength{\tabcolsep}{4pt}",
            f"  {SETUP}",
            rf"  \caption{{{escaped(caption)}}}",
            rf"  \label{{tab:{re.sub('[^a-z0-9]+', '-', title.lower()).strip('-')}}}",
            rf"  \begin{{tabular}}{{@{{}}{alignment}@{{}}}}",
            body,
            r"  \end{tabular}",
            *below,
            r"\end{table}",
            "",
        ]
    )


def _text(row: TableRow, index: int) -> str:
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
