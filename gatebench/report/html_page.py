"""The ablation table as one HTML page, which loads no scripts, fonts or pictures."""

from collections.abc import Sequence
from html import escape
from itertools import groupby

from gatebench.report.ablation_table import AblationTable
from gatebench.report.task_table import Column, TableRow, TaskTable

STYLE = """
:root { --ink: #1c1e21; --soft: #5b6270; --rule: #d5d9e0; --paper: #fff; --band: #f5f7fa; }
body { margin: 3rem auto; max-width: 104rem; padding: 0 1.5rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; font-weight: 600; margin: 0 0 2rem; }
h2 { font-size: 1.1rem; font-weight: 600; margin: 2.5rem 0 .6rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums;
  border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink); }
th, td { padding: .4rem .55rem; font-size: .94rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; }
tbody th { font: .93em ui-monospace, monospace; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
tbody tr:hover > * { background: var(--band); }
tr.chance > * { color: var(--soft); }
.question { margin: -1.4rem 0 2rem; color: var(--soft); }
thead tr.groups th { border-bottom: 0; padding-bottom: 0; color: var(--soft); font-weight: 400; text-align: center; }
sup { line-height: 0; font-size: .75em; }
ul { color: var(--soft); font-size: .87rem; list-style: none; margin: .7rem 0 0; padding: 0; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
"""
"""The style of a page with tables: dark text on white."""

DARK = """
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --soft: #9aa3b2; --rule: #363c46; --paper: #14171b; --band: #1c2026; }
}
"""
"""The colours of the page of a table where the browser asks for dark ones."""


def html(table: AblationTable) -> str:
    """Return the page, with one section for each task. All texts are escaped."""
    question = f'<p class="question">{escape(table.question)}</p>' if table.question else ""
    body = f"<h1>{escape(table.title)}</h1>\n{question}\n{table_sections(table)}"
    return document(table.title, body, STYLE + DARK)


def document(title: str, body: str, style: str) -> str:
    """Return a whole HTML page.

    Args:
        title: the title of the page, as plain text.
        body: the content, as HTML.
        style: the style, as CSS.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def table_sections(table: AblationTable) -> str:
    """Return one section for each task, and the list of the common notes. All texts are escaped."""
    bold = [f"<b>Bold</b>: {escape(table.bold)}"] if table.bold else []
    sections = "\n".join(map(_section, table.task_tables))
    return f"{sections}\n{_list(bold + [escape(note) for note in table.notes])}"


def _section(task_table: TaskTable) -> str:
    head = "".join(f'<th scope="col">{escape(column.title)}</th>' for column in task_table.columns)
    groups = _group_row(task_table.columns)
    rows = "\n".join(map(_row, task_table.rows))
    notes = [f"<sup>{number}</sup> {escape(note)}" for number, note in enumerate(task_table.footnotes, 1)]
    notes += map(escape, task_table.notes)
    return f"""<section>
<h2>{escape(task_table.task)}</h2>
<div class="wide">
<table>
<thead>{groups}<tr>{head}</tr></thead>
<tbody>
{rows}
</tbody>
</table>
</div>
{_list(notes)}
</section>"""


def _group_row(columns: Sequence[Column]) -> str:
    """Return a row with the headings of the groups of columns; "" if there is one group without a heading."""
    groups = [(group, len(list(members))) for group, members in groupby(column.group for column in columns)]
    if not any(group for group, _ in groups):
        return ""
    cells = "".join(f'<th scope="colgroup" colspan="{number}">{escape(group)}</th>' for group, number in groups)
    return f'<tr class="groups">{cells}</tr>'


def _row(row: TableRow) -> str:
    mark = f"<sup>{', '.join(map(str, row.footnotes))}</sup>" if row.footnotes else ""
    label, *texts = map(escape, row.texts)
    cells = (f"<b>{text}</b>" if index in row.bold else text for index, text in enumerate(texts, 1))
    attribute = "" if row.record else ' class="chance"'
    return f'<tr{attribute}><th scope="row">{label}{mark}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _list(items: list[str]) -> str:
    return "<ul>\n" + "\n".join(f"<li>{item}</li>" for item in items) + "\n</ul>" if items else ""
