"""Bring the trials that wait in the home's spool into the records, for example after a server was away.

  gatebench drain                  all studies of the home
  gatebench drain study=mine       one study
  gatebench drain rebuild=true     also make a new mlflow.db if the one in the home is lost or damaged

Each trial is recorded once, however often the command is run or interrupted. Trials whose process has died are recorded
as lost. With rebuild=true, the trials that the database in the home lacks are restored from the journals below
HOME/spool, with all metrics, settings, tags and files. A damaged database is kept under another name.
"""

import sys
import time
from collections.abc import Sequence
from functools import partial

from gatebench.counted import counted
from gatebench.errors import unknown
from gatebench.records.owner import is_dead
from gatebench.records.record import Record
from gatebench.records.spool.rebuild import rebuild
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain, sentences
from gatebench.records.spool.study_folder import HOME_STORE, StudyFolder, study_folders
from launch.config.arguments import parse_plan
from launch.config.settings import Settings
from launch.running.missing_records import missing_home

PAUSE = 0.3
"""The time in seconds between two rounds."""


def run(argv: Sequence[str]) -> int:
    """Bring everything that waits into the records, and return 0, or 1 if a part of it could not be brought.

    Raises:
        UserError: the home does not exist, or it has no such study.
    """
    plan = parse_plan("drain", __doc__, argv)
    if plan is None:
        return 0
    settings = plan.settings
    if not settings.home_folder.root.is_dir():
        raise missing_home(settings.home_folder, "nothing waits in it")
    studies = _studies(settings, chosen="study" in plan.keys)
    if settings.rebuild:
        _rebuild(settings)
    left = [study for study in studies if _drain(settings, study)]
    if not left:
        print("Nothing waits.")
    return 1 if left else 0


def _studies(settings: Settings, *, chosen: bool) -> list[StudyFolder]:
    """Return the folders of the chosen studies, or of all studies of the home.

    Raises:
        UserError: a study that was chosen has no folder.
    """
    folders = study_folders(settings.home_folder)
    if not chosen:
        return folders
    names = {folder.study for folder in folders}
    if missing := [study for study in settings.studies if study not in names]:
        raise unknown("study", missing[0], names, where=f"in the spool {settings.home_folder.spool}")
    return [folder for folder in folders if folder.study in settings.studies]


def _drain(settings: Settings, study: StudyFolder) -> bool:
    """Bring the attempts of a study into its records, and return whether some could not be brought.

    The address of other records is not taken from the spool: its files may come from elsewhere.
    """
    home = settings.home_folder
    uri = home.tracking_uri if study.store == HOME_STORE else settings.records_uri
    record = Record(home, study.study, uri)
    spool = Spool(home, study.study, study.store)
    spool.close_lost(partial(is_dead, home))
    if study.store not in (HOME_STORE, record.printable_uri):
        if waiting := spool.waiting():
            _report(
                f"{counted(waiting, 'trial')} of the study {study.study!r} {_waits(waiting)} for the records at "
                f"{study.store}; set tracking_uri={study.store}."
            )
        return bool(spool.waiting())
    drain = StudyDrain(record, spool)
    try:
        while not (drain.round() or drain.problem or drain.busy or drain.waits_for_nothing_else()):
            time.sleep(PAUSE)
    finally:
        drain.close()
    return _reported(study, spool, drain)


def _reported(study: StudyFolder, spool: Spool, drain: StudyDrain) -> bool:
    """Print what was done, and return whether attempts are left."""
    report, running, waiting = drain.report, len(spool.running()), spool.waiting()
    if report.recorded:
        print(f"Study {study.study!r}: {counted(report.recorded, 'trial')} recorded.")
    for attempt, reason in report.dropped.items():
        print(f"Study {study.study!r}: the attempt {attempt} is not recorded, because {reason}.")
    if running:
        print(f"Study {study.study!r}: {counted(running, 'trial')} still {'runs' if running == 1 else 'run'}.")
    if drain.problem is not None:
        _report(
            f"{drain.problem.rstrip('.')}; {counted(waiting, 'trial')} of the study {study.study!r} {_waits(waiting)}."
        )
    for sentence in [*sentences([report]), *spool.problems.values()]:
        _report(sentence)
    if waiting and drain.busy:
        print(f"Study {study.study!r}: another process records {counted(waiting, 'trial')} now.")
    return waiting > 0 and not drain.busy


def _rebuild(settings: Settings) -> None:
    rebuilt = rebuild(settings.home_folder)
    if rebuilt.kept is not None:
        print(f"The database was damaged ({rebuilt.reason}); it is kept as {rebuilt.kept}.")
    for study, number in rebuilt.restored.items():
        print(
            f"Study {study!r}: {counted(number, 'trial')} restored from {'its' if number == 1 else 'their'} journals."
        )
    if not rebuilt.restored:
        print("The database has all trials of which the home has journals.")
    for problem in rebuilt.problems:
        _report(problem)


def _waits(number: int) -> str:
    return "waits" if number == 1 else "wait"


def _report(sentence: str) -> None:
    print(f"gatebench: {sentence}", file=sys.stderr)
