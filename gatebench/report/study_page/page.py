"""The page of a study: question, table, figures, equations, settings, failures, provenance. All texts are escaped."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from gatebench.outcome import Outcome
from gatebench.report.ablation_table import AblationTable
from gatebench.report.figures.kinds import KINDS
from gatebench.report.html_page import STYLE, document, table_sections
from gatebench.report.number_format import one_line
from gatebench.report.study_page.completeness import counts_text, missing_parts, newest_outcomes
from gatebench.report.study_page.failures import failures
from gatebench.report.study_page.inline_svg import inline_svg
from gatebench.report.study_page.provenance import provenance
from gatebench.report.study_page.settings import differing_settings, shared_settings
from gatebench.study import Study

_CSS = Path(__file__).with_name("page.css")

SECTIONS = {
    "results": "Results",
    "figures": "Figures",
    "equations": "Equations",
    "settings": "Settings",
    "failures": "Trials without a score",
    "provenance": "Provenance",
}
"""The ids of the sections, which links may name, and their headings."""


@dataclass(frozen=True)
class CellEquations:
    """The equations of a cell that ran.

    Attributes:
        label: its labels in the table: "lstm = lstm_np".
        equations: one equation in each line; "" if the records do not have them.
        source: the publication; "" if it is unknown.
        digest: the digest of the equations.
    """

    label: str
    equations: str
    source: str
    digest: str


@dataclass(frozen=True)
class StudyPage:
    """The content of the page of a study.

    Attributes:
        study: the declaration.
        outcomes: the outcomes of its trials, oldest first.
        table: its table.
        figures: {title: SVG picture}, for example {"digits: scores": b"<svg …"}.
        no_figures: a sentence for each figure that lacks its data.
        cells: the equations of the cells.
        commands: the commands that run the trials again.
        unnamed_trials: the number of trials that no command runs again.
        running: the number of trials that run now.
        planned: the number of trials that the commands run and that have not been run.
        written: when and by which version the page was written.
    """

    study: Study
    outcomes: Sequence[Outcome]
    table: AblationTable
    figures: Mapping[str, bytes] = field(default_factory=dict)
    no_figures: Sequence[str] = ()
    cells: Sequence[CellEquations] = ()
    commands: Sequence[str] = ()
    unnamed_trials: int = 0
    running: int = 0
    planned: int = 0
    written: str = ""


def study_page(page: StudyPage) -> str:
    """Return the page as HTML. It loads nothing from elsewhere."""
    outcomes = newest_outcomes(page.outcomes)
    bodies = {
        "results": table_sections(page.table),
        "figures": _figures(page),
        "equations": _equations(page.cells),
        "settings": _settings(outcomes),
        "failures": _failures(outcomes),
        "provenance": _provenance(page, outcomes),
    }
    shown = {name: body for name, body in bodies.items() if body}
    links = "".join(f'<a href="#{name}">{SECTIONS[name]}</a> ' for name in shown)
    sections = "\n".join(
        f'<section id="{name}">\n<h2>{SECTIONS[name]}</h2>\n{body}\n</section>' for name, body in shown.items()
    )
    title = one_line(page.table.title)
    question = page.table.question or page.study.question
    head = [f"<h1>{escape(title)}</h1>", f'<p class="question">{escape(question)}</p>' if question else ""]
    body = "\n".join([*filter(None, head), _state(page, outcomes), f"<nav>{links}</nav>", sections])
    return document(title, body, STYLE + _CSS.read_text(encoding="utf-8"))


def _state(page: StudyPage, outcomes: Sequence[Outcome]) -> str:
    """Return the sentences on the trials: how they ended, and which are missing."""
    missing = missing_parts(page.study, outcomes, page.running, page.planned)
    counts = escape(counts_text(outcomes))
    if not missing:
        return f'<p class="state">{counts}.</p>'
    return f'<p class="state incomplete"><b>This study is not complete.</b> {counts}. {escape(" ".join(missing))}</p>'


def _figures(page: StudyPage) -> str:
    figures = [_figure(number, title, picture) for number, (title, picture) in enumerate(page.figures.items())]
    grid = ['<div class="figures">', *figures, "</div>"] if figures else []
    return "\n".join([*grid, *_soft(page.no_figures)])


def _figure(number: int, title: str, picture: bytes) -> str:
    kind = KINDS.get(title.rpartition(": ")[2])
    caption = (kind.caption or f"{kind.description[:1].upper()}{kind.description[1:]}.") if kind else ""
    return (
        f'<figure>\n<h3>{escape(title)}</h3>\n<div class="wide">{inline_svg(picture, f"f{number}", title)}</div>\n'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
    )


def _equations(cells: Iterable[CellEquations]) -> str:
    """Return the equations of all cells, side by side if the page is wide."""
    blocks = [
        f"<div><h3>{escape(one_line(cell.label))}</h3>\n"
        f'<p class="soft">{escape(_origin(cell))}</p>\n'
        f"<pre>{escape(cell.equations.strip()) or 'The records do not have the equations of this cell.'}</pre></div>"
        for cell in cells
    ]
    note = '<p class="soft">σ is the logistic function, ⊙ the elementwise product, and x[t] the input of a step.</p>'
    return "\n".join([note, '<div class="cells">', *blocks, "</div>"]) if blocks else ""


def _origin(cell: CellEquations) -> str:
    """Return the publication of a cell, if it is known, and the digest of its equations."""
    source = one_line(cell.source).rstrip(".")
    return f"{source}. Digest {cell.digest}" if source else f"Digest {cell.digest}"


def _settings(outcomes: Sequence[Outcome]) -> str:
    differing, shared = differing_settings(outcomes), shared_settings(outcomes)
    parts = []
    if differing:
        parts.append(f"<h3>Different between trials</h3>\n{_plain_table(('setting', 'values'), differing)}")
    if shared:
        parts.append(f"<h3>The same in all trials</h3>\n{_plain_table(('setting', 'value'), shared)}")
    return "\n".join(parts)


def _failures(outcomes: Sequence[Outcome]) -> str:
    rows = [(one.cell, one.task, one.seeds, one.status, one.reason, one.digests) for one in failures(outcomes)]
    titles = ("cell", "task", "seeds", "end", "reason", "trials")
    return _plain_table(titles, rows) if rows else "<p>Every trial has a score.</p>"


def _provenance(page: StudyPage, outcomes: Sequence[Outcome]) -> str:
    rows = [("study", one_line(page.study.name)), *provenance(outcomes)]
    parts = [_plain_table(("fact", "value"), [*rows, *([("report", page.written)] if page.written else [])])]
    if page.commands:
        commands = "\n".join(f'<pre class="command">{escape(command)}</pre>' for command in page.commands)
        parts.append(
            "<h3>Commands</h3>\n<p>These commands run the same trials again: their digests were computed from the "
            f"commands, and are those of the records.</p>\n{commands}"
        )
    if page.unnamed_trials:
        number = f"{page.unnamed_trials:,} trial{'' if page.unnamed_trials == 1 else 's'}"
        parts += _soft([f"{number} more: the file config.yaml of the run of each trial has all of its settings."])
    return "\n".join(parts)


def _plain_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of texts. The first column has the names of the rows."""
    head = "".join(f'<th scope="col">{escape(title)}</th>' for title in titles)
    lines = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(text)}</td>" for text in rest)}</tr>'
        for first, *rest in rows
    )
    table = f'<table class="plain">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>'
    return f'<div class="wide">{table}</div>'


def _soft(sentences: Iterable[str]) -> list[str]:
    return [f'<p class="soft">{escape(one_line(sentence))}</p>' for sentence in sentences]
