"""A study written to an archive, and the trials of an archive put into the spool of a study."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records.exchange.archive import STUDY, TRIAL, Archive, new_archive
from gatebench.records.exchange.recorded_trials import recorded_trials
from gatebench.records.exchange.stored_trial import StoredTrial
from gatebench.records.owner import Owner
from gatebench.records.record import Record
from gatebench.records.spool.attempt_folder import AttemptFolder
from gatebench.records.spool.event_json import epoch_json
from gatebench.records.spool.header import Header
from gatebench.records.spool.journal import Journal
from gatebench.records.spool.study_folder import StudyFolder
from gatebench.study import Study

FORMAT, VERSION = "gatebench study", 1
"""The name and the version of the form of an archive. Others are refused."""

_LONGEST_NAME = 200

CheckFiles = Callable[[Mapping[str, bytes]], None]
"""A function that raises a UserError if the files of a trial are damaged."""


@dataclass(frozen=True)
class Imported:
    """The trials of an archive, by what became of them.

    Attributes:
        added: the digests of the trials that are new in the study, or that had no result there.
        with_result: the digests of the trials of which the study has a result.
        without_result: the digests of the trials without a result, of which the study also has no result.
    """

    added: tuple[str, ...]
    with_result: tuple[str, ...]
    without_result: tuple[str, ...]


def export_study(record: Record, path: Path, version: str, told: Callable[[int], None]) -> int:
    """Write a study to a new archive and return the number of its trials.

    Args:
        record: the records of the study.
        path: the file of the archive.
        version: the version of gatebench.
        told: a function that receives the number of trials so far.

    Raises:
        UserError: the study contains no trials, or the file cannot be written.
    """
    count = 0
    with new_archive(path) as writer:
        declaration = record.study_declaration() or Study(record.study)
        content = {"format": FORMAT, "version": VERSION, "gatebench": version, "study": record.study}
        writer.add_json(STUDY, {**content, "declaration": json.loads(declaration.to_json())})
        for trial in recorded_trials(record):
            folder = f"trials/{trial.digest}"
            writer.add_json(f"{folder}/{TRIAL}", trial.to_json())
            for name, file in sorted(trial.files.items()):
                writer.add(f"{folder}/files/{name}", file)
            count += 1
            told(count)
        if not count:
            raise UserError(f"The study {record.study!r} contains no trials that have ended, so nothing is exported.")
    return count


def archived_study(archive: Archive) -> Study:
    """Return the declaration of the study in an archive.

    Raises:
        UserError: another version wrote the archive, or the study has no name.
    """
    content = archive.study()
    if content.get("format") != FORMAT or content.get("version") != VERSION:
        raise UserError(
            f"The archive {archive.path} has the format {str(content.get('format'))[:40]!r}, version "
            f"{str(content.get('version'))[:20]!r}; this gatebench reads {FORMAT!r}, version {VERSION}."
        )
    study = Study.from_json(json.dumps(content.get("declaration")))
    name = content.get("study")
    if not isinstance(name, str) or not name.strip() or not name.isprintable() or "," in name:
        raise UserError(f"The archive {archive.path} does not name its study; choose a name with study=….")
    if len(name) > _LONGEST_NAME:
        raise UserError(f"The name of the study in the archive {archive.path} is too long; choose one with study=….")
    return replace(study, name=name)


def import_trials(
    archive: Archive, known: Mapping[str, bool], folder: StudyFolder, owner: Owner, check_files: CheckFiles
) -> Imported:
    """Put the trials of an archive that are new into the spool of a study. The drain brings them into the records.

    All trials are checked before the first one is put there.

    Args:
        archive: the archive.
        known: {digest: whether it has a result} of the trials of the study, in the records or in the spool.
        folder: the folder of the study in the spool.
        owner: this process.
        check_files: a further check of the files of each trial.

    Raises:
        UserError: a trial is damaged, or the home cannot be written to.
    """
    new = []
    for trial in _trials(archive, archive.digests()):
        check_files(trial.files)
        if (trial.outcome.has_result and not known.get(trial.digest, False)) or trial.digest not in known:
            new.append(trial.digest)
    for trial in _trials(archive, new):
        _put(trial, folder, owner)
    skipped = [digest for digest in archive.digests() if digest not in new]
    return Imported(
        tuple(new),
        tuple(digest for digest in skipped if known[digest]),
        tuple(digest for digest in skipped if not known[digest]),
    )


def _trials(archive: Archive, digests: list[str]) -> Iterator[StoredTrial]:
    for digest in digests:
        yield StoredTrial.from_json(digest, archive.trial(digest), archive.files(digest))


def _put(trial: StoredTrial, folder: StudyFolder, owner: Owner) -> None:
    """Put a trial into the spool. Its folder appears as a whole."""
    folder.create()
    target = folder.attempt(trial.attempt).path
    if target.exists():
        return
    part = target.with_name(f".{target.name}.part")
    tags = {**trial.run.tags, "attempt": trial.attempt, "owner": owner.name}
    header = Header(
        study=folder.study,
        store=folder.store,
        digest=trial.digest,
        attempt=trial.attempt,
        owner=owner.name,
        host=owner.host,
        process=owner.process,
        when=trial.when,
        force=False,
        run=replace(trial.run, tags=tags),
    )
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        attempt = AttemptFolder(part)
        with Journal(attempt.journal) as journal:
            journal.append(header.to_json())
            for epoch in trial.epochs:
                journal.append({"kind": "epoch", **epoch_json(epoch, epoch.when)})
            end = journal.end
        attempt.end(replace(trial.outcome, files=trial.files), end)
        part.rename(target)
    except OSError as error:
        raise UserError(f"The spool {target} cannot be written to: {error.strerror or error}.") from None


def known_results(outcomes: list[Outcome]) -> dict[str, bool]:
    """Return {digest: whether one of the outcomes of the trial is a result}."""
    known: dict[str, bool] = {}
    for outcome in outcomes:
        known[outcome.digest] = known.get(outcome.digest, False) or outcome.has_result
    return known
