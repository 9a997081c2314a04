"""The errors for records and studies that do not exist. They name those that do."""

from collections.abc import Iterable
from pathlib import Path

from gatebench.errors import UserError, unknown
from gatebench.records.address import sqlite_file, without_credentials
from gatebench.records.home import Home
from launch.config.settings import Settings
from launch.running.known_outcomes import study_names

DEFAULT_HOME = "runs"
"""The folder that is the home if nothing else is set."""

MOST_HOMES = 3
"""The largest number of other homes that a message names."""

MOST_FOLDERS = 1000
"""The largest number of folders beside the home that are searched for records."""


def has_records(settings: Settings) -> bool:
    """Return False if the records are a sqlite file that does not exist."""
    file = sqlite_file(settings.records_uri)
    return file is None or file.exists()


def missing_records(settings: Settings) -> UserError:
    """Return the error for records that do not exist. It names homes with records in the same place.

    Args:
        settings: the settings with the home and the address of the records.
    """
    home = settings.home_folder.root
    absent = "" if settings.tracking_uri or home.is_dir() else f" (there is no folder {home})"
    near = _homes_near(home)
    there = f", or {near}" if near else ""
    address = without_credentials(settings.records_uri)
    return UserError(
        f"There are no records at {address} yet{absent}; run gatebench sweep experiment=quickstart{there}."
    )


def missing_home(home: Home, consequence: str) -> UserError:
    """Return the error for a home that does not exist. It names homes with records in the same place.

    Args:
        home: the home.
        consequence: what follows from it, as the end of a sentence.
    """
    near = _homes_near(home.root)
    return UserError(f"The home {home.root} does not exist, so {consequence}{f'; {near}' if near else ''}.")


def missing_study(settings: Settings, study: str) -> UserError:
    """Return the error for a study without trials: the records, or the study, do not exist, or it contains no trials.

    Args:
        settings: the settings with the home and the address of the records.
        study: the name of the study.
    """
    if not has_records(settings):
        return missing_records(settings)
    if study not in (names := study_names(settings)):
        return unknown("study", study, names, where="in these records")
    return UserError(f"The study {study!r} contains no trials yet; run them with gatebench sweep.")


def missing_trials(settings: Settings, study: str, *, has_others: bool) -> UserError:
    """Return the error for a study that contains none of the trials that a command names.

    Args:
        settings: the settings with the home and the address of the records.
        study: the name of the study.
        has_others: whether it contains other trials.
    """
    advice = (
        "It has trials with other settings: repeat all settings of its sweep, or leave them out, as in gatebench table "
        f"study={study}."
    )
    hint = advice if has_others else existing_studies(settings)
    return UserError(f"The study {study!r} contains none of these trials yet; run them with gatebench sweep. {hint}")


def existing_studies(settings: Settings) -> str:
    """Return a sentence with the studies in the records."""
    if not has_records(settings):
        return f"There are no records at {without_credentials(settings.records_uri)} yet."
    return f"The records have the studies {', '.join(sorted(study_names(settings))) or 'none'}."


def _homes_near(home: Path) -> str:
    """Return an advice with homes that have records: the default home, and those beside `home`. "" if there is none."""
    candidates = [Path(DEFAULT_HOME).absolute(), *_folders_in(home.parent)]
    found = [folder for folder in dict.fromkeys(candidates) if folder != home and Home(folder).database.is_file()]
    names = ", ".join(map(str, found[:MOST_HOMES]))
    return f"set home=… to a folder with records: {names}" if names else ""


def _folders_in(parent: Path) -> Iterable[Path]:
    try:
        folders = sorted(path for path in parent.iterdir() if path.is_dir())
    except OSError:
        return []
    return folders[:MOST_FOLDERS]
