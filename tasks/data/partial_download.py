"""The bytes of a file that is being downloaded: on disk beside the final path, with the checksum so far.

This is written by hand because `pooch`, the usual library for published data files, does not resume an interrupted
download: it starts again from the first byte.
"""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from gatebench.errors import UserError
from tasks.data.datasets import File
from tasks.data.files import DIGESTS

CHUNK_BYTES = 1 << 20
DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class PartialDownload:
    """The first bytes of a file, in `<target>.part`; a context manager.

    The bytes stay on disk when the process ends, and the server's validator of the file stays in `<target>.part.tag`.
    Both are deleted if the bytes cannot be correct or if the disk is full.

    Raises:
        UserError: the folder cannot be written to.

    Attributes:
        size: number of bytes on disk.
        validator: the server's identifier of the version of the file, an ETag or a date; "" if the server sent none.
    """

    def __init__(self, target: Path, file: File) -> None:
        self._target = target
        self._published = file
        self._path = target.with_name(f"{target.name}.part")
        self._validator_path = target.with_name(f"{target.name}.part.tag")
        self._algorithm = DIGESTS[len(file.checksum)]

    def __enter__(self) -> Self:
        with self._report_write_errors():
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            self._read_existing()
        except BaseException:
            os.close(self._fd)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
        if self.size == 0:
            self._delete()

    def _read_existing(self) -> None:
        """Read the bytes and the validator that an earlier process left."""
        with self._report_write_errors():
            # latin-1 is the encoding of HTTP headers
            validator = self._validator_path.read_text("latin-1") if self._validator_path.exists() else ""
            self.validator = validator if validator.isprintable() else ""
            self._hash, self.size = hashlib.new(self._algorithm, usedforsecurity=False), 0
            while data := os.read(self._fd, CHUNK_BYTES):
                self._hash.update(data)
                self.size += len(data)
        complete = self.size == self._published.size and self._hash.hexdigest() == self._published.checksum
        if not complete and (not self.validator or self.size >= self._published.size):
            self.restart("")

    def check_free_space(self) -> None:
        """Check that the disk has enough free space for the missing bytes.

        Raises:
            UserError: it has not.
        """
        missing = self._published.size - self.size
        with self._report_write_errors():
            free = shutil.disk_usage(self._target.parent).free
        if free < missing:
            raise UserError(
                f"{self._target.parent} has {free:,} bytes free, and {self._target.name} needs {missing:,}."
            )

    def restart(self, validator: str) -> None:
        """Delete all bytes and store the validator of the version of the file that follows."""
        with self._report_write_errors():
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
            self._validator_path.unlink(missing_ok=True)
            self._validator_path.write_text(validator, "latin-1", "replace")
        self.validator, self.size = validator, 0
        self._hash = hashlib.new(self._algorithm, usedforsecurity=False)

    def append(self, data: bytes) -> None:
        """Append bytes.

        Raises:
            UserError: they are more than the published file has.
        """
        if self.size + len(data) > self._published.size:
            self.restart("")
            raise UserError(
                f"{self._published.url} sends more than the {self._published.size:,} bytes of the published file."
            )
        remaining = memoryview(data)
        with self._report_write_errors():
            while remaining:  # os.write may write fewer bytes than it is given
                remaining = remaining[os.write(self._fd, remaining) :]
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Give the file its final name if its checksum is the published one, else delete it.

        Raises:
            UserError: the checksum is another.
        """
        found = self._hash.hexdigest()
        if found != self._published.checksum:
            self.restart("")
            raise UserError(
                f"{self._published.url} does not send the published file: its {self._algorithm} is {found}, "
                f"not {self._published.checksum}; nothing of it was kept."
            )
        with self._report_write_errors():
            os.fsync(self._fd)
            self._validator_path.unlink(missing_ok=True)
            self._path.replace(self._target)

    def _delete(self) -> None:
        for path in (self._path, self._validator_path):
            with suppress(OSError):
                path.unlink()

    @contextmanager
    def _report_write_errors(self) -> Iterator[None]:
        """Turn an `OSError` in the block into a `UserError`; delete the bytes if the disk is full."""
        try:
            yield
        except OSError as error:
            if error.errno in DISK_FULL:
                self._delete()
            raise UserError(f"{self._path} cannot be written: {error.strerror or error}.") from None
