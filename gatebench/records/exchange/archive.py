"""The archive of a study: a zip file of JSON and other files, with checksums. Nothing in it is executed or unpickled.

study.json             the format, and the name and the declaration of the study
trials/DIGEST/…        the trial with this digest: trial.json, and its files below files/
checksums.json         {name: SHA-256} of all other entries; the last entry

An archive may come from somebody else. Its entries are read one by one into memory, and never unpacked to a path that
the archive chooses. Their number, names, sizes and compression are checked before anything is read.
"""

import hashlib
import json
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gatebench.errors import UserError

STUDY, TRIAL, CHECKSUMS = "study.json", "trial.json", "checksums.json"

LARGEST_FILE = 256 * 2**20
"""The largest number of bytes of an entry."""

LARGEST_JSON = 64 * 2**20
"""The largest number of bytes of a JSON entry."""

LARGEST_DIRECTORY = 128 * 2**20
"""The largest number of bytes of the directory of an archive: about a million entries."""

LARGEST_RATIO = 100
"""The largest number of bytes that one byte of the archive may become, over all entries. Text becomes 5 to 20."""

_FREE_BYTES = 16 * 2**20  # an archive may become so many bytes whatever its ratio: tiny files are compressed well
_NAME = re.compile(
    r"study\.json|checksums\.json|trials/(?P<digest>[0-9a-f]{16})/(?:trial\.json|files/(?P<file>[^\\]{1,200}))"
)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1
_END, _END_64, _LOCATOR_64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class ArchiveWriter:
    """An archive that is being written.

    Args:
        archive: the open zip file.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._checksums: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add an entry."""
        if not _is_name(name):
            raise UserError(f"The file {name[:80]!r} cannot be in an archive: its name is no plain path.")
        method = zipfile.ZIP_STORED if name.endswith((".npz", ".png")) else zipfile.ZIP_DEFLATED
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))  # equal content gives equal bytes
        entry.external_attr = 0o644 << 16
        self._archive.writestr(entry, content, method)
        self._checksums[name] = hashlib.sha256(content).hexdigest()

    def add_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Add an entry with JSON."""
        self.add(name, (json.dumps(content, indent=1) + "\n").encode())

    def finish(self) -> None:
        """Add the checksums."""
        self.add_json(CHECKSUMS, dict(self._checksums))


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """Yield a new archive. The file appears at the end of the block, as a whole.

    Raises:
        UserError: the file exists, or cannot be written.
    """
    if path.exists():
        raise UserError(f"The file {path} exists; choose another file=….")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with zipfile.ZipFile(part, "x") as archive:
            writer = ArchiveWriter(archive)
            yield writer
            writer.finish()
        part.rename(path)
    except OSError as error:
        raise UserError(f"The archive {path} cannot be written: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)


class Archive:
    """An archive that is open for reading. All entries of the directory have been checked.

    Args:
        archive: the open zip file.
        path: its path, for messages.

    Attributes:
        path: its path, for messages.

    Raises:
        UserError: the directory is not that of an archive of a study.
    """

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self.path = path
        self._archive = archive
        self._entries = _checked_entries(archive, path)
        self._checksums = self._read_checksums()

    def study(self) -> dict[str, Any]:
        """Return the content of study.json."""
        return self._json(STUDY)

    def digests(self) -> list[str]:
        """Return the digests of the trials, in their order."""
        matches = (_NAME.fullmatch(name) for name in self._entries)
        return list(dict.fromkeys(match["digest"] for match in matches if match and match["digest"]))

    def trial(self, digest: str) -> dict[str, Any]:
        """Return the content of a trial's trial.json."""
        return self._json(f"trials/{digest}/{TRIAL}")

    def files(self, digest: str) -> dict[str, bytes]:
        """Return the files of a trial by name."""
        prefix = f"trials/{digest}/files/"
        names = [name for name in self._entries if name.startswith(prefix)]
        return {name.removeprefix(prefix): self._read(name) for name in names}

    def _read_checksums(self) -> dict[str, str]:
        checksums = self._json(CHECKSUMS)
        if checksums.keys() != self._entries.keys() - {CHECKSUMS}:
            raise _damaged(self.path, "its checksums are not those of its entries")
        return checksums

    def _json(self, name: str) -> dict[str, Any]:
        if name not in self._entries:
            raise _damaged(self.path, f"it has no {name}")
        if self._entries[name].file_size > LARGEST_JSON:
            raise _damaged(self.path, f"{name} has {self._entries[name].file_size:,} bytes")
        try:
            content = json.loads(self._read(name))
        except (ValueError, RecursionError):
            raise _damaged(self.path, f"{name} is not JSON") from None
        if not isinstance(content, dict):
            raise _damaged(self.path, f"{name} is not a JSON object")
        return content

    def _read(self, name: str) -> bytes:
        entry = self._entries[name]
        with _readable(self.path), self._archive.open(entry) as stream:
            content = stream.read(entry.file_size + 1)  # one more than there is, so that zipfile compares the CRC
        if name != CHECKSUMS and hashlib.sha256(content).hexdigest() != self._checksums[name]:
            raise _damaged(self.path, f"{name[:80]} does not have its checksum")
        return content


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Yield the archive in a file.

    Raises:
        UserError: the file cannot be read, or is not an archive of a study.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise UserError(f"The archive {path} cannot be read: {error.strerror or error}.") from None
    with file:
        with _readable(path):
            _check_directory(file, path)
            archive = zipfile.ZipFile(file)
        with archive:
            yield Archive(archive, path)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Raise the errors of a damaged zip file as a UserError."""
    try:
        yield
    except _DAMAGE as error:
        raise _damaged(path, str(error).partition("\n")[0][:100] or type(error).__name__) from None
    except OSError as error:
        raise UserError(f"The archive {path} cannot be read: {error.strerror or error}.") from None


def _check_directory(file: BinaryIO, path: Path) -> None:
    """Check the size of the directory, which zipfile reads into memory as a whole.

    Raises:
        UserError: the file is no zip file, or its directory is too large.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 22 - 20))
    tail = file.read()
    end, locator = tail[-22:], tail[:20]
    if end[:4] != _END or len(end) != 22:
        raise _damaged(path, "it does not end like a zip file without a comment")
    directory = struct.unpack("<L", end[12:16])[0]
    if locator[:4] == _LOCATOR_64:
        file.seek(struct.unpack("<Q", locator[8:16])[0])
        end_64 = file.read(56)
        if end_64[:4] != _END_64 or len(end_64) != 56:
            raise _damaged(path, "its directory cannot be found")
        directory = max(directory, struct.unpack("<Q", end_64[40:48])[0])
    if directory > LARGEST_DIRECTORY:
        raise _damaged(path, f"its directory has {directory:,} bytes, more than {LARGEST_DIRECTORY:,}")
    file.seek(0)


def _checked_entries(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """Return the entries by name after a check of all of them."""
    entries: dict[str, zipfile.ZipInfo] = {}
    for entry in archive.infolist():
        name = entry.filename
        if not _is_name(name) or entry.orig_filename != name:
            raise _damaged(path, f"it has an entry {name[:80]!r}, which is no part of a study")
        if name in entries:
            raise _damaged(path, f"it has two entries {name[:80]!r}")
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS or kind not in (0, stat.S_IFREG):
            raise _damaged(path, f"its entry {name[:80]!r} is encrypted, a link, or compressed by an unknown method")
        if entry.file_size > LARGEST_FILE:
            raise _damaged(path, f"its entry {name[:80]!r} has {entry.file_size:,} bytes, more than {LARGEST_FILE:,}")
        entries[name] = entry
    total = sum(entry.file_size for entry in entries.values())
    packed = path.stat().st_size
    if total > LARGEST_RATIO * packed + _FREE_BYTES:
        raise _damaged(path, f"its {packed:,} bytes would become {total:,}")
    return entries


def _is_name(name: str) -> bool:
    match = _NAME.fullmatch(name)
    if match is None or not name.isprintable():
        return False
    return match["file"] is None or all(part not in ("", ".", "..") for part in match["file"].split("/"))


def _damaged(path: Path, reason: str) -> UserError:
    return UserError(f"The archive {path} is not one of a study, or is damaged: {reason}.")
