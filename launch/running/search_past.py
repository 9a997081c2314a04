"""The earlier trials of a study, read from its records for a search whose trials depend on them."""

from functools import cache, partial

from gatebench.records.address import sqlite_file
from gatebench.records.sqlite_reader import SqliteReader
from launch.config.past_trials import Curves, PastTrials
from launch.config.settings import Settings
from launch.running.known_outcomes import known_study, spool_of

_MOST_CURVES = 10**6  # all of them: a rule that stops trials must not depend on how many other trials there are


def past_trials(settings: Settings) -> PastTrials:
    """Return the earlier trials of the study that the settings name, in the store and in the spool.

    Raises:
        UserError: there are several studies, or the store cannot be read.
    """
    study = settings.one_study
    return PastTrials.of(known_study(settings, study).outcomes, cache(partial(_curves, settings, study)))


def _curves(settings: Settings, study: str, metric: str) -> Curves:
    """Return the values of a metric in each epoch: those in the spool first, because a drain may move them."""
    waiting = spool_of(settings, study).curves(metric)
    if (file := sqlite_file(settings.records_uri)) is not None:
        stored = SqliteReader(file).curves(study, metric, _MOST_CURVES) if file.exists() else {}
    else:
        from gatebench.records.record import Record  # imports MLflow, which takes a second

        stored = Record(settings.home_folder, study, settings.records_uri).curves(metric, _MOST_CURVES)
    return {**stored, **waiting}
