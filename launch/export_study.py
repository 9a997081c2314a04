"""Write a study to one zip file: its records as JSON, its gate arrays, weights and pictures, with checksums.

  gatebench export-study study=mine file=mine.zip

The file contains the declaration of the study, and for each trial the settings, tags, facts, final metrics and metrics
of all epochs. gatebench import-study reads it into another home or another server. Names of users and folders are left
out; the facts of a trial name the machine on which it ran.
"""

import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from gatebench.counted import counted
from gatebench.errors import UserError
from gatebench.records.exchange.study_archive import export_study
from gatebench.records.record import Record
from launch.config.arguments import parse_plan
from launch.running.known_outcomes import study_names
from launch.running.missing_records import missing_study

ROUND = 100
"""The number of trials after which the progress is told."""


def run(argv: Sequence[str]) -> int:
    """Write the archive and return 0.

    Raises:
        UserError: there is no such study, it contains no trials, or the file cannot be written.
    """
    plan = parse_plan("export-study", __doc__, argv)
    if plan is None:
        return 0
    settings = plan.settings
    if not settings.file:
        raise UserError("export-study needs the name of a new file: file=NAME.zip.")
    if (name := settings.one_study) not in study_names(settings):
        raise missing_study(settings, name)
    path = Path(settings.file).expanduser()
    record = Record(settings.home_folder, name, settings.records_uri)
    count = export_study(record, path, version("gatebench"), _tell)
    print(f"Study {name!r}: {counted(count, 'trial')} in {path}, {path.stat().st_size:,} bytes.")
    return 0


def _tell(count: int) -> None:
    if count % ROUND == 0:
        print(f"{count:,} trials so far", file=sys.stderr)
