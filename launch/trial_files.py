"""The output of `gatebench table format=trials-…`: the trials of a study for other programs, one row a trial."""

import sys
from collections.abc import Iterable

from gatebench.counted import counted
from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.report.trials.files import TRIAL_FORMATS
from gatebench.report.trials.rows import trial_rows, with_named_columns
from gatebench.study import Study
from launch.config.compose import Plan
from launch.new_file import write_new_file
from launch.running.missing_records import missing_trials

BINARY = "trials-parquet"
"""The format that a terminal cannot show."""


def write_trials(plan: Plan, study: Study, outcomes: Iterable[Outcome]) -> None:
    """Write the plan's trials to the file of the settings, or print them.

    Args:
        plan: the plan. If it chooses no trials, all of them are written.
        study: the declaration of the study, with the order of the cells.
        outcomes: the outcomes in the records, oldest first.

    Raises:
        UserError: no trial has been run, the file exists or cannot be written, or a terminal cannot show the format.
    """
    settings = plan.settings
    digests = {trial.digest for trial in plan.trials}
    known = list(outcomes)
    chosen = [one for one in known if one.digest in digests or not plan.chosen]
    if not chosen:
        raise missing_trials(settings, study.name, has_others=bool(known))
    if settings.format == BINARY and not settings.file and sys.stdout.isatty():
        raise UserError(f"format={BINARY} is not for a terminal; write a file with file=NAME.parquet.")
    rows = with_named_columns(trial_rows(chosen, study.order), settings.columns)
    content = TRIAL_FORMATS[settings.format](rows)
    if not settings.file:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    path = write_new_file(settings.file, content)
    print(f"{counted(len(rows), 'trial')} in {path}, {len(content):,} bytes.", file=sys.stderr)
