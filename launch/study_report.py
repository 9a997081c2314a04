"""The report of a study from its records: the page for people, and the files of the report in MLflow."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from itertools import islice

from gatebench.outcome import Outcome
from gatebench.records.record import Record
from gatebench.report.ablation_table import AblationTable
from gatebench.report.figures.file_name import file_name
from gatebench.report.figures.kinds import Kind
from gatebench.report.figures.study_figures import study_figures
from gatebench.report.render import FORMATS
from gatebench.report.study_page.completeness import newest_outcomes
from gatebench.report.study_page.page import CellEquations, StudyPage, study_page
from gatebench.study import Study
from launch.config.past_trials import PastTrials
from launch.drawn_tasks import drawn_tasks, joined_label
from launch.reproduction import reproduction

EQUATIONS = "equations.txt"
"""The file of a run with the equations of its cell."""

MOST_READ = 10**6
"""The largest number of curves of epochs that are read if a search has stopped trials by them."""

MOST_ASKED = 3
"""The number of trials of a cell that are asked for its equations."""


def report_files(page: StudyPage) -> dict[str, bytes]:
    """Return the files of the report in MLflow: the page, its table in two formats, and its figures."""
    return {
        "report.html": study_page(page).encode(),
        "table.md": FORMATS["markdown"](page.table).encode(),
        "table.csv": FORMATS["csv"](page.table).encode(),
        **{f"figures/{file_name(title)}.svg": content for title, content in page.figures.items()},
    }


def report_content(
    record: Record, study: Study, outcomes: Sequence[Outcome], table: AblationTable, kinds: Iterable[Kind]
) -> StudyPage:
    """Return the content of the page of a study.

    Args:
        record: the records.
        study: the declaration of the study.
        outcomes: the outcomes of its trials, oldest first.
        table: its table.
        kinds: the kinds of figures.
    """
    chosen = list(kinds)
    figures, no_figures = study_figures(drawn_tasks(study, outcomes, record, chosen, outcomes), chosen)
    trials = newest_outcomes(outcomes)
    again = reproduction(study, trials, PastTrials.of(outcomes, partial(record.curves, most=MOST_READ)))
    ended = {outcome.digest for outcome in trials if outcome.has_result}
    return StudyPage(
        study,
        outcomes,
        table,
        figures,
        no_figures,
        cells=_cells(record, study, trials),
        commands=again.commands,
        unnamed_trials=again.unnamed,
        planned=again.further,
        running=len({run.digest for run in record.open_runs()} - ended),
        written=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, gatebench {version('gatebench')}",
    )


def _cells(record: Record, study: Study, outcomes: Iterable[Outcome]) -> list[CellEquations]:
    """Return the equations of the cells that ran, in the order of the declaration, then in that of the trials."""
    ranks = {label: rank for rank, label in enumerate(study.order)}
    by_digest: dict[str, list[Outcome]] = {}
    for outcome in sorted(outcomes, key=lambda one: ranks.get(one.cell, len(ranks))):
        by_digest.setdefault(outcome.cell_digest, []).append(outcome)
    return [
        CellEquations(
            joined_label(study, own[0].cell, digest),
            _equations(record, own),
            own[0].settings.get("cell.source", ""),
            digest,
        )
        for digest, own in by_digest.items()
    ]


def _equations(record: Record, outcomes: Iterable[Outcome]) -> str:
    """Return the recorded equations of a cell, from one of its first trials; "" if they have none."""
    for outcome in islice(outcomes, MOST_ASKED):
        content = record.file(outcome.digest, EQUATIONS)
        if content is not None:
            return content.decode("utf-8", errors="replace")
    return ""
