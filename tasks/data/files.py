"""Data files: found below a data root, and read only as they were published."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gatebench.errors import UserError


class MissingFile(UserError):  # noqa: N818  (an answer to the user, as every UserError)
    """A data file is not below the data root."""


def find_file(root: Path, folders: Sequence[str], names: Sequence[str], home: str) -> Path:
    """Return the first of the files `names` that lies in one of the `folders` below the data root; folders go first.

    Raises:
        MissingFile: there is none; `home`, the address where the files are published, is in the sentence.
        UserError: a place cannot be looked into.
    """
    for path in (root / folder / name for folder in folders for name in names):
        with reading(path):
            if path.is_file():
                return path
    looked = ", ".join(str(root / folder) for folder in folders)
    raise MissingFile(
        f"There is no {' or '.join(names)} in any of {looked} (see gatebench data fetch); its official home is {home}."
    )


DIGESTS = {64: "sha256", 32: "md5"}  # by the number of hex digits


def read_verified(path: Path, checksum: str, home: str) -> bytes:
    """Return the bytes of a file after they have been found to be the published ones, see `check_published`.

    What is hashed is what is returned, at every call: a file that changes on disk is noticed.

    Raises:
        UserError: the file cannot be read, or is not the one published at `home`.
    """
    data = read_file(path)
    check_published(data, checksum, str(path), home)
    return data


def read_file(path: Path) -> bytes:
    """Return the bytes of a file; raise `UserError` if it cannot be read."""
    with reading(path):
        return path.read_bytes()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Tell in one sentence that `path` cannot be read, or looked into, where that is what happens in the block.

    Raises:
        UserError: it cannot.
    """
    try:
        yield
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None


def check_published(data: bytes, checksum: str, name: str, home: str) -> None:
    """Check that the SHA-256 of a file's bytes is `checksum`, in hex digits.

    32 digits are an MD5, for files of which nothing else is published. `name` is the file's, for the sentence.

    Raises:
        UserError: it is another.
    """
    found = hashlib.new(DIGESTS[len(checksum)], data, usedforsecurity=False).hexdigest()
    compare_published(found, checksum, len(data), name, home)


def compare_published(found: str, checksum: str, size: int, name: str, home: str) -> None:
    """Check that the checksum that was found of a file of `size` bytes is the published one; see `check_published`.

    Raises:
        UserError: it is another.
    """
    if found != checksum:
        raise UserError(
            f"{name} ({size:,} bytes) is not the published file: its {DIGESTS[len(checksum)]} is {found}, "
            f"not {checksum}; its official home is {home}."
        )


def default_root() -> Path:
    """Return the data root that is used when none is given: `gatebench/data` in the user's cache folder.

    Raises:
        UserError: the user has none.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():  # nothing, or what the XDG specification says to ignore
        try:
            cache = Path.home() / ".cache"
        except RuntimeError:
            raise UserError("There is no home folder to keep data in; say data_root=… or set GATEBENCH_DATA.") from None
    return cache / "gatebench" / "data"
