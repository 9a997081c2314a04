"""The folder of one attempt in the spool: its journal, its outcome and the files of the outcome.

journal   the header, then a record for each epoch
outcome   one record, written when the attempt has ended
files/0…  the files of the outcome by number; their names are in the outcome's record
progress  a journal of the drain: what it has brought into the store
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.spool.event_json import outcome_json, read_epoch, read_outcome, text
from gatebench.records.spool.header import Header
from gatebench.records.spool.journal import as_line, first_record, last_record, read_records

LARGEST_FILE = 256 * 2**20
"""The largest number of bytes of a file of an outcome."""

_MOST_FILES = 200


@dataclass(frozen=True)
class KeptFile:
    """A file of an outcome in the spool.

    Attributes:
        name: the name in the run, for example "pictures/curves.svg".
        size: the number of bytes.
        sha256: the checksum.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Ended:
    """The record of the end of an attempt.

    Attributes:
        outcome: the outcome, without files.
        journal_bytes: the number of bytes of the journal when the attempt ended.
        files: the files of the outcome.
    """

    outcome: Outcome
    journal_bytes: int
    files: tuple[KeptFile, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the end as a record of a journal."""
        return {
            "kind": "end",
            "outcome": outcome_json(self.outcome, self.outcome.when),
            "journal_bytes": self.journal_bytes,
            "files": [vars(file) for file in self.files],
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Ended:
        """Return the end from a record.

        Raises:
            UserError: the record is not the end of an attempt.
        """
        outcome, size, files = content.get("outcome"), content.get("journal_bytes"), content.get("files")
        if not (isinstance(outcome, dict) and isinstance(size, int) and isinstance(files, list)):
            raise UserError("A record of the spool is not the end of a trial, so it is not used.")
        return cls(read_outcome(outcome), size, tuple(_kept_file(file) for file in files[:_MOST_FILES]))


class AttemptFolder:
    """The folder of an attempt.

    Args:
        path: the path of the folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def attempt(self) -> str:
        """The name of the attempt."""
        return self.path.name

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.path / "journal"

    @property
    def progress(self) -> Path:
        """The journal of the drain."""
        return self.path / "progress"

    @property
    def has_ended(self) -> bool:
        """Whether the attempt has an outcome."""
        return self._outcome.exists()

    def header(self) -> Header:
        """Return the header.

        Raises:
            UserError: it is damaged, or belongs to another attempt.
        """
        record = first_record(self.journal)
        if record is None:
            raise UserError(f"The journal {self.journal} has no header that can be read, so the trial is not recorded.")
        header = Header.from_json(record)
        if header.attempt != self.attempt:
            raise UserError(f"The journal {self.journal} belongs to the attempt {header.attempt}, so it is not used.")
        return header

    def epochs(self, digest: str, start: int = 0) -> Iterator[tuple[Epoch, int]]:
        """Yield the epochs in their order, each with the number of bytes of the journal up to its end.

        Args:
            digest: the digest of the trial.
            start: the number of bytes to skip.

        Raises:
            UserError: a record is not an epoch.
        """
        for read in read_records(self.journal, start):
            if read.record.get("kind") == "epoch":
                yield read_epoch(read.record, digest), read.end

    def last_epoch(self, digest: str) -> Epoch | None:
        """Return the last epoch; None if there is none."""
        record = last_record(self.journal)
        return None if record is None or record.get("kind") != "epoch" else read_epoch(record, digest)

    def ended(self) -> Ended | None:
        """Return the end of the attempt; None if it has not ended.

        Raises:
            UserError: the record is damaged.
        """
        record = first_record(self._outcome)
        if record is not None:
            return Ended.from_json(record)
        if self.has_ended:
            raise UserError(f"The outcome {self._outcome} is damaged, so the trial is not recorded.")
        return None

    def end(self, outcome: Outcome, journal_bytes: int) -> None:
        """Write the outcome and its files, so that they survive a loss of power.

        Args:
            outcome: the outcome, with the time of its end.
            journal_bytes: the number of bytes of the journal.

        Raises:
            UserError: the folder cannot be written to.
        """
        try:
            kept = tuple(self._keep(number, *item) for number, item in enumerate(outcome.files.items()))
            ended = Ended(replace(outcome, files={}), journal_bytes, kept)
            part = self.path / f"outcome.{os.getpid()}.part"
            part.write_bytes(as_line(ended.to_json()))
            # All are written before the first one is synchronised, which then takes the time for the others, too.
            for path in [*(self.path / "files" / str(number) for number in range(len(kept))), self.journal, part]:
                _synchronise(path)
            part.replace(self._outcome)
            _synchronise(self.path)
        except OSError as error:
            raise UserError(
                f"The folder {self.path} of the spool cannot be written to: {error.strerror or error}."
            ) from None

    def file(self, number: int, kept: KeptFile) -> bytes:
        """Return the content of a file of the outcome.

        Raises:
            UserError: it is missing, damaged or too large.
        """
        path = self.path / "files" / str(number)
        try:
            if kept.size > LARGEST_FILE or path.is_symlink() or path.stat().st_size != kept.size:
                raise UserError(f"The file {kept.name!r} of the attempt {self.attempt} in the spool has a wrong size.")
            content = path.read_bytes()
        except OSError as error:
            raise UserError(
                f"The file {kept.name!r} of the attempt {self.attempt} in the spool cannot be read: "
                f"{error.strerror or error}."
            ) from None
        if hashlib.sha256(content).hexdigest() != kept.sha256:
            raise UserError(f"The file {kept.name!r} of the attempt {self.attempt} in the spool is damaged.")
        return content

    @property
    def _outcome(self) -> Path:
        return self.path / "outcome"

    def _keep(self, number: int, name: str, content: bytes) -> KeptFile:
        folder = self.path / "files"
        folder.mkdir(exist_ok=True)
        (folder / str(number)).write_bytes(content)
        return KeptFile(check_file_name(name), len(content), hashlib.sha256(content).hexdigest())


def check_file_name(name: str) -> str:
    """Return the name of a file of a run if it is a relative path without "..".

    Raises:
        UserError: it is not.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or not path.parts or ".." in path.parts or "\\" in name or not name.isprintable():
        raise UserError(f"{name[:60]!r} is not the name of a file of a run.")
    return name


def _kept_file(content: object) -> KeptFile:
    size = content.get("size") if isinstance(content, dict) else None
    if not isinstance(content, dict) or isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise UserError("A record of the spool has a wrong file, so it is not used.")
    return KeptFile(check_file_name(text(content, "name")), size, text(content, "sha256"))


def _synchronise(path: Path) -> None:
    """Make a file or a folder survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
