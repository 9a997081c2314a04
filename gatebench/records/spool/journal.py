r"""A journal: an append-only file of checked records. It can be read after its writer was killed at any byte.

A record is one line: the CRC-32 of the rest as 8 hex digits, a space, and a JSON object. Reading stops at the first
line that is damaged or incomplete. A writer that opens such a file removes that line and everything after it.
"""

import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from gatebench.errors import UserError

LARGEST_RECORD = 8 * 2**20
"""The largest number of bytes of a record. A longer line counts as damaged."""

_DIGITS = 8


@dataclass(frozen=True)
class Read:
    """A record that was read.

    Attributes:
        record: the content.
        end: the number of bytes of the journal up to and with this record.
    """

    record: dict[str, Any]
    end: int


class Journal:
    """A journal that is open for appending. It is created if it does not exist.

    Args:
        path: the file. Its folder exists.

    Attributes:
        dropped: the number of bytes of damaged records that were removed from the end of the file.

    Raises:
        UserError: the file cannot be opened, or (by `append`) written to.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o644)
            self._end = end_of_records(path)
            self.dropped = os.fstat(self._file).st_size - self._end
            if self.dropped:
                os.ftruncate(self._file, self._end)
        except OSError as error:
            raise _cannot_write(path, error) from None

    @property
    def end(self) -> int:
        """The number of bytes of the records."""
        return self._end

    def append(self, record: Mapping[str, Any], *, durable: bool = False) -> None:
        """Append a record. It survives the death of this process.

        Args:
            record: the content, which can be written as JSON.
            durable: whether it also survives a loss of power. This takes a few milliseconds.
        """
        line = as_line(record)
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(None, "only a part of a record could be written")
            if durable:
                os.fsync(self._file)
        except OSError as error:
            self._remove_part()
            raise _cannot_write(self._path, error) from None
        self._end += len(line)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _remove_part(self) -> None:
        """Remove the part of a record that a full disk has left. Without success, readers find the damage."""
        try:
            os.ftruncate(self._file, self._end)
        except OSError:
            return


def as_line(record: Mapping[str, Any]) -> bytes:
    """Return a record as the line of a journal.

    Raises:
        UserError: it is larger than `LARGEST_RECORD`.
    """
    content = json.dumps(record, separators=(",", ":")).encode()
    if len(content) > LARGEST_RECORD - _DIGITS - 2:
        raise UserError(f"A record of the spool has {len(content):,} bytes; at most {LARGEST_RECORD:,} are kept.")
    return b"%08x %s\n" % (zlib.crc32(content), content)


def read_records(path: Path, start: int = 0) -> Iterator[Read]:
    """Yield the records of a journal in their order, up to the first one that is damaged or incomplete.

    Only one record is in memory at a time. A missing file has no records.

    Args:
        path: the file. It is not opened if it is a symbolic link.
        start: the number of bytes to skip, the `end` of a record.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with _opened(path) as file:
            file.seek(start)
            end = start
            while (record := _parsed(line := file.readline(LARGEST_RECORD))) is not None:
                end += len(line)
                yield Read(record, end)
    except FileNotFoundError:
        return
    except OSError as error:
        raise _cannot_read(path, error) from None


def end_of_records(path: Path) -> int:
    """Return the number of bytes of the records that can be read."""
    end = 0
    for read in read_records(path):
        end = read.end
    return end


def last_record(path: Path) -> dict[str, Any] | None:
    """Return the last record of a journal that can be read; None if there is none. Only the end of the file is read."""
    try:
        with _opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            for length in (2**16, LARGEST_RECORD):
                file.seek(max(0, size - length))
                lines = file.read(length).splitlines(keepends=True)
                if (found := next(filter(None, map(_parsed, reversed(lines))), None)) is not None:
                    return found
    except OSError as error:
        raise _cannot_read(path, error) from None
    return None


def first_record(path: Path) -> dict[str, Any] | None:
    """Return the first record of a journal; None if it is damaged or missing."""
    read = next(read_records(path), None)
    return None if read is None else read.record


def _opened(path: Path) -> BinaryIO:
    """Open a file for reading, unless it is a symbolic link. A pipe does not block."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line; None if the line is damaged or incomplete."""
    digits, space, content = line[:_DIGITS], line[_DIGITS : _DIGITS + 1], line[_DIGITS + 1 : -1]
    if space != b" " or not line.endswith(b"\n") or digits != b"%08x" % zlib.crc32(content):
        return None
    try:
        record = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _cannot_write(path: Path, error: OSError) -> UserError:
    return UserError(f"The file {path} of the spool cannot be written to: {error.strerror or error}.")


def _cannot_read(path: Path, error: OSError) -> UserError:
    return UserError(f"The file {path} of the spool cannot be read: {error.strerror or error}.")
