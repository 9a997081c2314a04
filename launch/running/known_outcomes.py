"""The declaration and the outcomes that a study's records contain, and the trials that are still to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatebench.machine.fingerprint import REFUSED_ON, fingerprint
from gatebench.outcome import Outcome
from gatebench.records.address import sqlite_file, without_credentials
from gatebench.records.database_file import check_database
from gatebench.records.spool.spool import Spool
from gatebench.records.sqlite_reader import SqliteReader
from gatebench.study import Study
from gatebench.trial import Trial
from launch.config.settings import Settings


@dataclass(frozen=True)
class KnownStudy:
    """The content of a study's records.

    Attributes:
        declaration: the declaration; None if there are no records, or an earlier version made them.
        outcomes: the outcomes of the trials, oldest first.
    """

    declaration: Study | None
    outcomes: list[Outcome]


def known_study(settings: Settings, study: str) -> KnownStudy:
    """Return the declaration and the outcomes of a study: those in the store, then those that wait in the spool.

    Nothing is created. MLflow is imported only if the store is not a sqlite file.

    Args:
        settings: the settings with the home and the address of the records.
        study: the name of the study.

    Raises:
        UserError: the store cannot be read.
    """
    spool = spool_of(settings, study)
    waiting = spool.outcomes_by_attempt()  # before the store: an attempt that is drained meanwhile is then in both
    declaration, recorded = _recorded(settings, study)
    known_attempts = {attempt for attempt, _ in recorded}
    new = [outcome for attempt, outcome in waiting.items() if attempt not in known_attempts]
    if declaration is None and (text := spool.folder.declaration) is not None:
        declaration = Study.from_json(text)
    return KnownStudy(declaration, [outcome for _, outcome in recorded] + sorted(new, key=lambda one: one.when))


def waiting_study(settings: Settings, study: str) -> KnownStudy:
    """Return the outcomes of a study that wait in the spool. It is all that is known if the store cannot be reached."""
    spool = spool_of(settings, study)
    text = spool.folder.declaration
    return KnownStudy(None if text is None else Study.from_json(text), spool.outcomes())


def study_names(settings: Settings) -> list[str]:
    """Return the names of the studies in the records, newest first."""
    if (file := sqlite_file(settings.records_uri)) is not None:
        return SqliteReader(file).study_names() if file.exists() else []
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    return list(Record(settings.home_folder, settings.studies[0], settings.records_uri).study_pages())


def spool_of(settings: Settings, study: str) -> Spool:
    """Return the spool of a study in the home."""
    return Spool(settings.home_folder, study, without_credentials(settings.records_uri))


def _recorded(settings: Settings, study: str) -> tuple[Study | None, list[tuple[str, Outcome]]]:
    """Return the declaration of a study, and its attempts with their outcomes, as the store has them."""
    check_database(settings.home_folder, settings.records_uri)
    if (file := sqlite_file(settings.records_uri)) is not None:
        return SqliteReader(file).read(study) if file.exists() else (None, [])
    from gatebench.records.record import Record  # imports MLflow, which takes a second

    record = Record(settings.home_folder, study, settings.records_uri)
    return record.study_declaration(), record.outcomes_by_attempt()


def trials_to_run(trials: Sequence[Trial], outcomes: Sequence[Outcome], *, force: bool) -> list[Trial]:
    """Return the trials that have no result yet and are not refused; all trials with `force`.

    Args:
        trials: the trials of a plan.
        outcomes: the outcomes of their study, oldest first.
        force: whether trials with a result or a refusal are run again.
    """
    if force:
        return list(trials)
    done = {outcome.digest for outcome in outcomes if outcome.has_result}
    refused = refusals(trials, outcomes, force=force).keys()
    return [trial for trial in trials if trial.digest not in done and trial.digest not in refused]


def refusals(trials: Sequence[Trial], outcomes: Sequence[Outcome], *, force: bool) -> dict[str, Outcome]:
    """Return {digest: refusal} of the trials that this machine has refused, and would refuse again.

    A refusal holds until the versions of gatebench or torch, the devices or the C compiler of the machine change.

    Args:
        trials: the trials of a plan.
        outcomes: the outcomes of their study, oldest first.
        force: whether refused trials are run again; then there is none.
    """
    if force:
        return {}
    digests = {trial.digest for trial in trials}
    newest = {outcome.digest: outcome for outcome in outcomes if outcome.digest in digests}
    done = {outcome.digest for outcome in outcomes if outcome.has_result}
    refused = {digest: one for digest, one in newest.items() if one.status == "refused" and digest not in done}
    return {digest: one for digest, one in refused.items() if one.facts.get(REFUSED_ON) == fingerprint()}


def refusal_sentence(refused: Mapping[str, Outcome]) -> str:
    """Return a sentence about the trials that are not run again because the machine has refused them."""
    count, reason = len(refused), next(iter(refused.values())).sentence
    trials = "1 trial was" if count == 1 else f"{count} trials were"
    return (
        f"{trials} refused on this machine ({reason.rstrip('.')}), and nothing has changed since; "
        "force=true runs refused trials again."
    )
