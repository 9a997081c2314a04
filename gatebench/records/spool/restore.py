"""Attempts that were in a lost database go back into the spool, from which a drain brings them into a new one.

The files of their runs are taken from the artifacts in the home. They are removed there after the new run has them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from gatebench.errors import UserError
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.spool.attempt_folder import AttemptFolder, Ended, KeptFile
from gatebench.records.spool.compact_journal import CompactJournal, Stored
from gatebench.records.spool.header import Header
from gatebench.records.spool.journal import as_line, first_record
from gatebench.records.spool.study_folder import StudyFolder

_RUN, _MODEL = re.compile(r"[0-9a-f]{32}"), re.compile(r"m-[0-9a-f]{32}")


@dataclass
class Restored:
    """The attempts that went back into the spool.

    Attributes:
        attempts: their number.
        problems: messages about journals and files that cannot be used.
    """

    attempts: int = 0
    problems: list[str] = field(default_factory=list)


def restore_attempts(study: StudyFolder, recorded: Collection[str]) -> Restored:
    """Put the attempts of a study that a store lacks back into the spool.

    Args:
        study: the folder of the study.
        recorded: the attempts that the store has.
    """
    restored = Restored()
    for path in study.compact_journals():
        if path.name in recorded or (study.open / path.name).exists():
            continue
        try:
            ended, stored = CompactJournal(path).end()
            if stored.dropped is None:
                _restore(study, path, ended, stored, restored.problems)
                restored.attempts += 1
        except UserError as error:
            restored.problems.append(str(error))
        except OSError as error:
            raise UserError(f"The spool {study.path} cannot be written to: {error.strerror or error}.") from None
    return restored


def remove_origin(study: StudyFolder, folder: AttemptFolder, used: Collection[str | None]) -> None:
    """Remove the artifacts of the earlier run of a restored attempt, after its new run has them.

    Args:
        study: the folder of the study.
        folder: the folder of the attempt.
        used: the ids of the new run and of its model, which may be those of the earlier ones.
    """
    try:
        origin = json.loads(_origin(folder.path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    if isinstance(origin, dict):
        ids = [None if origin.get(key) in used else origin.get(key) for key in ("run", "model")]
        for path in _artifact_folders(study.home.artifacts, *ids).values():
            shutil.rmtree(path.parent, ignore_errors=True)


def _restore(study: StudyFolder, path: Path, ended: Ended, stored: Stored, problems: list[str]) -> None:
    """Make the folder of an attempt from its compact journal. It appears when it is complete."""
    part = study.open / f".{path.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    (part / "files").mkdir(parents=True)
    folder = AttemptFolder(part)
    with folder.journal.open("wb") as file:
        for lines in CompactJournal(path).lines():
            file.write(lines)
    _check_header(study, path, folder)
    folders = _artifact_folders(study.home.artifacts, stored.run, stored.model)
    kept = [one for one in ended.files if _has_content(folders, one, problems)]
    for number, one in enumerate(kept):
        _link(_place(folders, one), part / "files" / str(number))
    with (part / "outcome").open("wb") as file:
        file.write(as_line(replace(ended, files=tuple(kept)).to_json()))
    _origin(part).write_text(json.dumps({"run": stored.run, "model": stored.model}), encoding="utf-8")
    part.rename(study.open / path.name)


def _check_header(study: StudyFolder, path: Path, folder: AttemptFolder) -> None:
    header = Header.from_json(first_record(folder.journal) or {})
    if (header.attempt, header.study) != (path.name, study.study):
        raise UserError(f"The journal {path} belongs to another attempt, so its trial cannot be restored.")


def _artifact_folders(artifacts: Path, run: object, model: object) -> dict[str, Path]:
    """Return the folders with the artifacts of a run and of its model. Ids that MLflow does not make have none."""
    folders = {}
    if isinstance(run, str) and _RUN.fullmatch(run):
        folders["run"] = artifacts / run / "artifacts"
    if isinstance(model, str) and _MODEL.fullmatch(model):
        folders["model"] = artifacts / "models" / model / "artifacts"
    return folders


def _place(folders: dict[str, Path], kept: KeptFile) -> Path:
    """Return the path of a file in the artifacts. The weights are in the model."""
    return folders.get("model" if kept.name == WEIGHTS else "run", Path(os.devnull)) / kept.name


def _has_content(folders: dict[str, Path], kept: KeptFile, problems: list[str]) -> bool:
    """Return whether the artifacts have a file unchanged."""
    path = _place(folders, kept)
    try:
        if not path.is_symlink() and path.stat().st_size == kept.size:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() == kept.sha256:
                    return True
        problems.append(f"The file {path} is not the one that was recorded, so it is left out.")
    except OSError as error:
        problems.append(f"The file {path} cannot be read, so it is left out: {error.strerror or error}.")
    return False


def _link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it if the file system cannot."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _origin(folder: Path) -> Path:
    return folder / "origin"
