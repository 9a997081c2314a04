"""The compact journal of an attempt that is in the store. A lost database can be rebuilt from these journals.

It is a journal of these records: "packed" with lines of the attempt's own journal, compressed; "end", the outcome; and
"stored", the ids of the run and of its model in the store, or the reason for which the attempt is not there.
"""

from __future__ import annotations

import base64
import binascii
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError
from gatebench.records.spool.attempt_folder import AttemptFolder, Ended
from gatebench.records.spool.journal import as_line, read_records
from gatebench.records.spool.progress import Steps

_PIECE = 2**20
"""The number of bytes of the attempt's journal in one record."""


@dataclass(frozen=True)
class Stored:
    """The place of an attempt in the store.

    Attributes:
        run: MLflow's id of the run; None if the attempt was not recorded.
        model: MLflow's id of the logged model; None if there is none.
        dropped: the reason for which the attempt was not recorded.
    """

    run: str | None
    model: str | None
    dropped: str | None


def write_compact_journal(done: Path, folder: AttemptFolder, ended: Ended, steps: Steps) -> None:
    """Write the compact journal of an attempt.

    Args:
        done: the folder of the compact journals.
        folder: the folder of the attempt.
        ended: the end of the attempt.
        steps: the steps of the drain.

    Raises:
        UserError: the home cannot be written to.
    """
    part = done / f".{folder.attempt}.part"
    stored = {"kind": "stored", "run": steps.run, "model": steps.model, "dropped": steps.dropped}
    try:
        with part.open("wb") as file:
            for piece in _pieces(folder.journal):
                packed = base64.b64encode(zlib.compress(piece, 6)).decode()
                file.write(as_line({"kind": "packed", "lines": packed}))
            file.write(as_line(ended.to_json()))
            file.write(as_line(stored))
            file.flush()
            os.fsync(file.fileno())
        part.replace(done / folder.attempt)
    except OSError as error:
        raise UserError(f"The spool {done} cannot be written to: {error.strerror or error}.") from None


class CompactJournal:
    """A compact journal.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def lines(self) -> Iterator[bytes]:
        """Yield pieces of the attempt's own journal, each of whole lines.

        Raises:
            UserError: a piece is damaged.
        """
        for read in read_records(self._path):
            if read.record.get("kind") == "packed":
                yield self._unpacked(read.record.get("lines"))

    def end(self) -> tuple[Ended, Stored]:
        """Return the end of the attempt, and its place in the store.

        Raises:
            UserError: the journal is damaged.
        """
        records = {str(read.record.get("kind")): read.record for read in read_records(self._path)}
        if not {"packed", "end", "stored"} <= records.keys():
            raise UserError(f"The journal {self._path} is damaged, so its trial cannot be restored.")
        ids = {key: records["stored"].get(key) for key in ("run", "model", "dropped")}
        if not all(value is None or isinstance(value, str) for value in ids.values()):
            raise UserError(f"The journal {self._path} has wrong ids, so its trial cannot be restored.")
        return Ended.from_json(records["end"]), Stored(**ids)

    def _unpacked(self, lines: object) -> bytes:
        """Return a piece. It is at most as long as `write_compact_journal` makes it, however far it could expand."""
        try:
            unpack = zlib.decompressobj()
            content = unpack.decompress(base64.b64decode(str(lines), validate=True), 16 * _PIECE)
        except (zlib.error, binascii.Error, ValueError):
            content, unpack = b"", zlib.decompressobj()
        if not unpack.eof:
            raise UserError(f"The journal {self._path} is damaged, so its trial cannot be restored.")
        return content


def _pieces(journal: Path) -> Iterator[bytes]:
    """Yield the lines of a journal that can be read, many at a time."""
    piece = b""
    for read in read_records(journal):
        piece += as_line(read.record)
        if len(piece) >= _PIECE:
            yield piece
            piece = b""
    if piece:
        yield piece
