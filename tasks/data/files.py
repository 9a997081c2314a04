"""Data files: how they are found below a data root, and how their bytes are compared with the published checksums."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gatebench.errors import UserError

DIGESTS = {64: "sha256", 32: "md5"}
"""{number of hex digits of a checksum: its algorithm}"""


class MissingFile(UserError):  # noqa: N818  (an answer to the user, as every UserError)
    """A data file is not below the data root."""


def find_file(
    root: Path, folders: Sequence[str], names: Sequence[str], source_url: str, *, dataset: str | None = None
) -> Path:
    """Return the first of the files `names` that exists in one of the `folders` below the data root.

    All names are tried in one folder before the next folder is searched.

    Args:
        root: the data root.
        folders: the folders below the data root.
        names: the names of the file; each one stands for the same data.
        source_url: the address where the file is published, for the message.
        dataset: the name of the data set that `gatebench data fetch` fetches; None if it fetches none.

    Raises:
        MissingFile: there is none; the message says how to get the file.
        UserError: a folder cannot be read.
    """
    for folder in folders:
        for name in names:
            path = root / folder / name
            with report_read_errors(path):
                if path.is_file():
                    return path
    searched = ", ".join(str(root / folder) for folder in folders)
    raise MissingFile(
        f"There is no {' or '.join(names)} in any of {searched}; {_how_to_get(root, source_url, dataset)}."
    )


def _how_to_get(root: Path, source_url: str, dataset: str | None) -> str:
    """Return the part of a message that says how to get a missing file."""
    if dataset is None:
        return f"download it by hand from {source_url}"
    default = Path(os.environ.get("GATEBENCH_DATA") or default_root()).expanduser().absolute()
    setting = "" if root.absolute() == default else f" data_root={root}"
    return f"run gatebench data fetch {dataset}{setting}; its official source is {source_url}"


def read_verified(path: Path, checksum: str, source_url: str) -> bytes:
    """Return the bytes of a file after they have been verified with `check_published`.

    The returned bytes are the bytes that were verified, at every call, so a file that changes on disk is detected.

    Raises:
        UserError: the file cannot be read, or is not the one published at `source_url`.
    """
    data = read_file(path)
    check_published(data, checksum, str(path), source_url)
    return data


def read_file(path: Path) -> bytes:
    """Return the bytes of a file.

    Raises:
        UserError: it cannot be read.
    """
    with report_read_errors(path):
        return path.read_bytes()


@contextmanager
def report_read_errors(path: Path) -> Iterator[None]:
    """Turn an `OSError` in the block into a `UserError` that says that `path` cannot be read.

    Raises:
        UserError: it cannot.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None


def check_published(data: bytes, checksum: str, name: str, source_url: str) -> None:
    """Check that the checksum of a file's bytes is the published one.

    Args:
        data: the bytes of the file.
        checksum: 64 hex digits of SHA-256, or 32 of MD5 for files that are published without a SHA-256.
        name: the file's name, for the message.
        source_url: the address where the file is published, for the message.

    Raises:
        UserError: the checksum is another.
    """
    found = hashlib.new(DIGESTS[len(checksum)], data, usedforsecurity=False).hexdigest()
    compare_checksums(found, checksum, len(data), name, source_url)


def compare_checksums(found: str, published: str, size: int, name: str, source_url: str) -> None:
    """Check that the checksum `found` of a file of `size` bytes is the `published` one; see `check_published`.

    Raises:
        UserError: it is another.
    """
    if found != published:
        raise UserError(
            f"{name} ({size:,} bytes) is not the published file: its {DIGESTS[len(published)]} is {found}, "
            f"not {published}; its official source is {source_url}."
        )


def default_root() -> Path:
    """Return the data root that is used if the user sets none: `gatebench/data` in the user's cache folder.

    Raises:
        UserError: the user has no home folder.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # it is not set, or relative, and the XDG specification says to ignore relative paths
        try:
            cache = Path.home() / ".cache"
        except RuntimeError:
            raise UserError("There is no home folder for the data; set data_root=… or GATEBENCH_DATA.") from None
    return cache / "gatebench" / "data"
