"""Read a study from a file of gatebench export-study into the records of this home, or of a server.

  gatebench import-study file=mine.zip
  gatebench import-study file=mine.zip study=other tracking_uri=http://HOST:5000

If the study exists, the two are merged, and each trial is there once. A result replaces a failure. A trial of the file
is skipped if the study has its result, or if neither has one. The declaration of the study stays, and cells that only
the file declares are added to it. The same command again changes nothing.

The file may come from somebody else: it is checked as a whole before anything is written, and nothing in it is run.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gatebench.counted import counted
from gatebench.errors import UserError
from gatebench.measures import gate_file
from gatebench.records.exchange.archive import Archive, open_archive
from gatebench.records.exchange.study_archive import Imported, archived_study, import_trials, known_results
from gatebench.records.owner import owner_of
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain, bring_all, sentences
from gatebench.study import Study
from launch.config.arguments import parse_plan
from launch.config.compose import Plan

SECONDS_WITHOUT_ANSWER = 60.0
"""The time for which a store that does not answer is waited for."""


def run(argv: Sequence[str]) -> int:
    """Read the file, and return 0, or 1 if a part of it waits in the spool because the store cannot be written to.

    Raises:
        UserError: the file is not one of a study, or the records cannot be used.
    """
    plan = parse_plan("import-study", __doc__, argv)
    if plan is None:
        return 0
    if not plan.settings.file:
        raise UserError("import-study needs the name of a file that export-study has written: file=NAME.zip.")
    with open_archive(Path(plan.settings.file).expanduser()) as archive:
        return _import(archive, plan)


def _import(archive: Archive, plan: Plan) -> int:
    settings, study = plan.settings, archived_study(archive)
    name = settings.one_study if "study" in plan.keys else study.name
    home = settings.home_folder
    record = Record(home, name, settings.records_uri)
    with owner_of(home) as owner:
        spool = Spool(home, name, record.printable_uri)
        known = known_results([*record.outcomes(), *spool.outcomes()])
        imported = import_trials(archive, known, spool.folder, owner, _check_files)
        _declare(record, study)
        drain = StudyDrain(record, spool, owner.name)
        try:
            bring_all(drain, time.monotonic() + SECONDS_WITHOUT_ANSWER + len(imported.added))
        finally:
            drain.close()
    for line in sentences([drain.report]):
        _report(line)
    print(_summary(name, imported))
    if waiting := spool.waiting():
        reason = (drain.problem or "the records answer slowly").rstrip(".")
        _report(f"{counted(waiting, 'trial')} of them could not be recorded yet: {reason}; run gatebench drain.")
    return 1 if waiting else 0


def _declare(record: Record, study: Study) -> None:
    """Keep the declaration of the file, or add its cells to the declaration that the study has."""
    recorded = record.study_declaration()
    declared = Study(**{**vars(study), "name": record.study}) if recorded is None else recorded.updated(study, ())
    if recorded is not None and (changes := recorded.differences(study)):
        _report(f"The study {record.study!r} keeps its declaration; the file differs: {'; '.join(changes)}.")
    if declared != recorded:
        record.declare(declared)


def _check_files(files: Mapping[str, bytes]) -> None:
    if (gates := files.get(gate_file.FILE_NAME)) is not None:
        gate_file.read(gates)


def _summary(name: str, imported: Imported) -> str:
    text = f"Study {name!r}: {counted(len(imported.added), 'trial')} read"
    skipped = []
    if imported.with_result:
        skipped.append(f"{len(imported.with_result):,} because the study has their results")
    if imported.without_result:
        skipped.append(f"{len(imported.without_result):,} without a result because the study has them, too")
    return f"{text}; skipped: {'; '.join(skipped)}." if skipped else f"{text}."


def _report(line: str) -> None:
    print(line, file=sys.stderr)
