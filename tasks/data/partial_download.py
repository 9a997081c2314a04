"""A file that is being fetched: what has come of it, on disk beside its place, with the checksum so far."""

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

CHUNK = 1 << 20  # bytes
FULL = (errno.ENOSPC, errno.EDQUOT)


class Partial:
    """The first bytes of a file, in `<target>.part`; a context manager.

    They outlive the process, with the server's name for their state in `<target>.part.tag`, unless they cannot be right
    or the disk is full: then they are deleted.

    Raises:
        UserError: the folder cannot be written to.

    Attributes:
        size: how many bytes there are.
        tag: the server's name for the state of the file that they are of, an ETag or a date; "" if it has none.
    """

    def __init__(self, target: Path, file: File) -> None:
        self._target, self._published = target, file
        self._path, self._tag_path = (target.with_name(target.name + end) for end in (".part", ".part.tag"))
        self._kind = DIGESTS[len(file.checksum)]

    def __enter__(self) -> Self:
        with self._told():
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            self._read()
        except BaseException:
            os.close(self._fd)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)
        if self.size == 0:
            self._delete()

    def _read(self) -> None:
        """Take stock of what an earlier process has left."""
        with self._told():
            tag = self._tag_path.read_text("latin-1") if self._tag_path.exists() else ""  # as headers are
            self.tag = tag if tag.isprintable() else ""
            self._hash, self.size = hashlib.new(self._kind, usedforsecurity=False), 0
            while data := os.read(self._fd, CHUNK):
                self._hash.update(data)
                self.size += len(data)
        whole = self.size == self._published.size and self._hash.hexdigest() == self._published.checksum
        if not whole and (not self.tag or self.size >= self._published.size):
            self.restart("")

    def check_room(self) -> None:
        """Check that the disk has room for the rest."""
        missing = self._published.size - self.size
        with self._told():
            free = shutil.disk_usage(self._target.parent).free
        if free < missing:
            raise UserError(
                f"{self._target.parent} has room for {free:,} bytes, and {self._target.name} needs {missing:,}."
            )

    def restart(self, tag: str) -> None:
        """Begin again with nothing, of the state that `tag` names."""
        with self._told():
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
            self._tag_path.unlink(missing_ok=True)
            self._tag_path.write_text(tag, "latin-1", "replace")
        self.tag, self.size = tag, 0
        self._hash = hashlib.new(self._kind, usedforsecurity=False)

    def add(self, data: bytes) -> None:
        """Append bytes; refuse more than the file has."""
        if self.size + len(data) > self._published.size:
            self.restart("")
            raise UserError(
                f"{self._published.url} sends more than the {self._published.size:,} bytes of the published file."
            )
        left = memoryview(data)
        with self._told():
            while left:
                left = left[os.write(self._fd, left) :]
        self._hash.update(data)
        self.size += len(data)

    def finish(self) -> None:
        """Put the file in its place if its checksum is the published one, else delete what has come."""
        if (found := self._hash.hexdigest()) != self._published.checksum:
            self.restart("")
            raise UserError(
                f"{self._published.url} does not send the published file: its {self._kind} is {found}, "
                f"not {self._published.checksum}; nothing of it was kept."
            )
        with self._told():
            os.fsync(self._fd)
            self._tag_path.unlink(missing_ok=True)
            self._path.replace(self._target)

    def _delete(self) -> None:
        for path in (self._path, self._tag_path):
            with suppress(OSError):
                path.unlink()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tell errors of the disk in one sentence; make room where there is none."""
        try:
            yield
        except OSError as error:
            if error.errno in FULL:
                self._delete()
            raise UserError(f"{self._path} cannot be written: {error.strerror or error}.") from None
