"""What a data set is: its files as they are published, with their checksums, and where the loaders look for them."""

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from gatebench.errors import UserError
from tasks.data.files import DIGESTS

Check = str | Callable[[Path], object]


@dataclass(frozen=True)
class File:
    """A file as it is published.

    Attributes:
        name: its path below a folder of the data set.
        checksum: as published, in hex digits: 64 of SHA-256, or 32 of MD5.
        size: in bytes.
        url: where it is fetched from; None if it must be put in its place by hand.
    """

    name: str
    checksum: str
    size: int
    url: str | None = None

    def __post_init__(self) -> None:
        _check_file(self.name, self.checksum)
        check_inside(self.name)
        if self.size < 1:
            raise UserError(f"{self.name} has {self.size} bytes; it must have some.")
        address = urlsplit(self.url or "https://nowhere")
        if address.scheme not in ("http", "https") or not address.hostname:
            raise UserError(f"{self.name} is fetched from {self.url!r}; it must be an address of http or https.")


@dataclass(frozen=True)
class Dataset:
    """Files that belong together.

    Attributes:
        name: in commands.
        title: one line for a person.
        licence: as stated by those who publish it.
        home: the page of those who publish it.
        folders: below the data root, where the loaders look, in their order; it is fetched into the first.
        files: what the loaders need, as it is published.
        tasks: which tasks read it.
        instead: other forms of all of it that the loaders take, such as what an archive unpacks to: each one is
            {file or folder: its checksum, or what checks it and raises `UserError`}.
        note: what else a person must know, such as why it cannot be fetched.
    """

    name: str
    title: str
    licence: str
    home: str
    folders: tuple[str, ...]
    files: tuple[File, ...]
    tasks: tuple[str, ...]
    instead: tuple[Mapping[str, Check], ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        for folder in self.folders:
            check_inside(folder)
        for name, check in (item for form in self.instead for item in form.items()):
            _check_file(name, check)

    @property
    def size(self) -> int:
        """Bytes of its files as they are published."""
        return sum(file.size for file in self.files)

    @property
    def by_hand(self) -> bool:
        """Whether there is a file that cannot be fetched."""
        return any(file.url is None for file in self.files)


def _check_file(name: str, check: Check) -> None:
    check_inside(name)
    if isinstance(check, str) and (len(check) not in DIGESTS or not set(check) <= set(string.hexdigits.lower())):
        raise UserError(f"{name}: {check!r} is no checksum; it must be 64 or 32 hex digits.")


def check_inside(name: str) -> None:
    """Check that a relative path leads to nowhere but below where it starts; "." is allowed.

    Raises:
        UserError: it is absolute, goes up, or has characters that some systems read otherwise.
    """
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or not name.isprintable() or set(name) & set("\\:"):
        raise UserError(f"{name!r} is not a path below a folder.")
