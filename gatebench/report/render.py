"""The formats of the ablation table, each of which has a module of its own."""

from collections.abc import Callable

from gatebench.report.ablation_table import AblationTable
from gatebench.report.csv_page import csv
from gatebench.report.html_page import html
from gatebench.report.latex_page import latex
from gatebench.report.markdown_page import markdown
from gatebench.report.text_page import text

FORMATS: dict[str, Callable[[AblationTable], str]] = {
    "text": text,
    "markdown": markdown,
    "latex": latex,
    "csv": csv,
    "html": html,
}
"""The formats, by the name in the setting `format`."""
