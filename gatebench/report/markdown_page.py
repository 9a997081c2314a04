"""The ablation table in GitHub's Markdown."""

import re

from gatebench.report.ablation_table import AblationTable
from gatebench.report.task_table import TaskTable


def markdown(table: AblationTable) -> str:
    """Return the table with one heading for each task."""
    notes = [f"**Bold**: {escaped(table.bold)}"] * bool(table.bold) + [escaped(note) for note in table.notes]
    # "*" instead of "-": Markdown joins two lists with the same sign.
    bullets = "\n".join(f"* {note}" for note in notes)
    question = [escaped(table.question)] if table.question else []
    task_tables = map(_task_table, table.task_tables)
    return "\n\n".join([f"## {escaped(table.title)}", *question, *task_tables, bullets]) + "\n"


def _task_table(task_table: TaskTable) -> str:
    rows = [[escaped(column.title) for column in task_table.columns]]
    rows.append(["--:" if column.numeric else ":--" for column in task_table.columns])
    for row in task_table.rows:
        texts = [f"**{escaped(text)}**" if index in row.bold else escaped(text) for index, text in enumerate(row.texts)]
        if row.footnotes:
            texts[0] += f" <sup>{', '.join(map(str, row.footnotes))}</sup>"
        rows.append(texts)
    notes = [f"- <sup>{number}</sup> {escaped(note)}" for number, note in enumerate(task_table.footnotes, 1)]
    notes += [f"- {escaped(note)}" for note in task_table.notes]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([f"### {escaped(task_table.task)}", "", *lines, *([""] if notes else []), *notes])


def escaped(plain: str) -> str:
    """Escape the characters that are markup in Markdown, and no others: `lstm_peephole[i=1]` is unchanged."""
    return re.sub(r"[\\`*|<&~$#]|\](?=[(\[:])|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", plain)
