"""Write the report of a study: one HTML page, from its records alone.

  gatebench report study=mine                        the page lies in the folder reports of the home
  gatebench report study=mine page=mine.html         the file of the page
  gatebench report study=mine kind=scores,curves     only these kinds of figures
  gatebench report experiment=quickstart             only the trials of an experiment or a grid
  gatebench report study=mine record=true            also as the report of the study in MLflow

The page has the question, the table, the figures, the equations of every cell that ran, the settings, the trials
without a score with their reasons, versions, machines and checksums of the data, and the commands that run the trials
again. It loads nothing from elsewhere, so that it can be sent to somebody as one file. The keys of gatebench table, for
example baseline=, vary=, view=, metrics= and columns=, change its table.
"""

from collections.abc import Sequence

from gatebench.records.record import Record
from gatebench.report.chosen_columns import with_columns
from gatebench.report.render import FORMATS
from gatebench.report.study_page.page import study_page
from launch.config.arguments import parse_plan
from launch.declaration import table_declaration
from launch.picture_files import folder_name
from launch.plot import chosen_kinds
from launch.running.known_outcomes import known_study
from launch.running.missing_records import missing_study
from launch.running.search_past import past_trials
from launch.study_report import report_content, report_files
from launch.table import table_of
from launch.written_page import page_path, write_page


def run(argv: Sequence[str]) -> int:
    """Write the page and return 0.

    Raises:
        UserError: there is no such study, it contains no trials, its trials fit no table, a kind of figures does not
            exist, or the page cannot be written.
    """
    plan = parse_plan("report", __doc__, argv, read_past=past_trials)
    if plan is None:
        return 0
    settings, kinds = plan.settings, chosen_kinds(plan.settings.kind)
    name = settings.one_study
    path = page_path(settings, settings.home_folder.root / "reports" / f"{folder_name(name)}.html")
    known = known_study(settings, name)
    if not known.outcomes:
        raise missing_study(settings, name)
    study = table_declaration(plan, [known])
    table = with_columns(table_of(plan, study, known.outcomes), settings.columns)
    digests = {trial.digest for trial in plan.trials}
    outcomes = [outcome for outcome in known.outcomes if outcome.digest in digests or not plan.chosen]
    record = Record(settings.home_folder, name, settings.records_uri)
    page = report_content(record, study, outcomes, table, kinds)
    write_page(path, study_page(page))
    if settings.record:
        record.write_report(FORMATS["markdown"](table), report_files(page))
    print(path)
    return 0
