"""Descriptions of data sets: the published files, their checksums, and the folders in which the loaders look."""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from gatebench.errors import UserError
from tasks.data.files import DIGESTS

Check = str | Callable[[Path], object]
"""A checksum in hex digits, or a function that reads a path and raises `UserError` if its content is wrong."""


@dataclass(frozen=True)
class File:
    """A published file.

    Attributes:
        name: path below a folder of the data set.
        checksum: the published checksum in hex digits: 64 for SHA-256, 32 for MD5.
        size: size in bytes.
        url: address from which it is downloaded; None if the user must download it by hand.
    """

    name: str
    checksum: str
    size: int
    url: str | None = None

    def __post_init__(self) -> None:
        _check_file(self.name, self.checksum)
        check_relative_path(self.name)
        if self.size < 1:
            raise UserError(f"{self.name} has {self.size} bytes; it must have at least 1.")
        address = urlsplit(self.url or "https://nowhere")
        if address.scheme not in ("http", "https") or not address.hostname:
            raise UserError(f"{self.name} is fetched from {self.url!r}; it must be an address of http or https.")


@dataclass(frozen=True)
class Dataset:
    """A data set: files that are listed, fetched and verified together.

    Attributes:
        name: name in commands.
        title: description in one line.
        licence: licence as the publisher states it.
        source_url: address of the publisher's page or folder.
        folders: folders below the data root in which the loaders look, in this order. Files are fetched into the first.
        files: the published files that the loaders need.
        tasks: names of the tasks that read it.
        alternatives: other complete forms of the data that the loaders accept, for example the unpacked files of an
            archive. Each one is {path of a file or folder: its check}.
        note: further information for the user, for example why it cannot be fetched.
    """

    name: str
    title: str
    licence: str
    source_url: str
    folders: tuple[str, ...]
    files: tuple[File, ...]
    tasks: tuple[str, ...]
    alternatives: tuple[Mapping[str, Check], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        for folder in self.folders:
            check_relative_path(folder)
        for form in self.alternatives:
            for name, check in form.items():
                _check_file(name, check)

    @property
    def size(self) -> int:
        """Total size of the published files in bytes."""
        return sum(file.size for file in self.files)

    @property
    def needs_manual_download(self) -> bool:
        """Whether there is a file that cannot be fetched."""
        return any(file.url is None for file in self.files)


def _check_file(name: str, check: Check) -> None:
    check_relative_path(name)
    if isinstance(check, str) and (len(check) not in DIGESTS or not set(check) <= set(string.hexdigits.lower())):
        raise UserError(f"{name}: {check!r} is no checksum; it must be 64 or 32 hex digits.")


def check_relative_path(name: str) -> None:
    """Check that a path is relative and stays below the folder in which it starts; "." is allowed.

    Raises:
        UserError: it is absolute, contains "..", or contains characters that some systems treat specially.
    """
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or not name.isprintable() or set(name) & set("\\:"):
        raise UserError(f"{name!r} is not a path below a folder.")
