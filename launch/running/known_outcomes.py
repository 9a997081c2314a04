"""The outcomes that a study's records contain, and the trials that are still to run."""

from collections.abc import Iterable, Sequence

from gatebench.outcome import Outcome
from gatebench.records.address import sqlite_file
from gatebench.trial import Trial
from launch.config.settings import Settings


def known_outcomes(settings: Settings) -> list[Outcome]:
    """Return the outcomes of the study's trials, oldest first. Without records, MLflow is not imported."""
    file = sqlite_file(settings.records_uri)
    if file is not None and not file.exists():
        return []
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    return Record(settings.home_folder, settings.study, settings.records_uri).outcomes()


def trials_to_run(trials: Sequence[Trial], outcomes: Iterable[Outcome], *, force: bool) -> list[Trial]:
    """Return the trials that have no result yet; all trials with `force`."""
    done = set() if force else {outcome.digest for outcome in outcomes if outcome.has_result}
    return [trial for trial in trials if trial.digest not in done]
