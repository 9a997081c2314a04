"""Data files: found below a data root, and read only as they were published."""

import hashlib
from collections.abc import Sequence
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
        try:
            if path.is_file():
                return path
        except OSError as error:
            raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    looked = ", ".join(str(root / folder) for folder in folders)
    raise MissingFile(f"There is no {' or '.join(names)} in any of {looked}; its official home is {home}.")


def read_verified(path: Path, sha256: str, home: str) -> bytes:
    """Return the bytes of a file after their SHA-256 has been found to be `sha256`, in hex digits.

    What is hashed is what is returned, at every call: a file that changes on disk is noticed.

    Raises:
        UserError: the file cannot be read, or is not the one published at `home`.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    if (found := hashlib.sha256(data).hexdigest()) != sha256:
        raise UserError(
            f"{path} ({len(data):,} bytes) is not the published file: its sha256 is {found}, not {sha256}; "
            f"its official home is {home}."
        )
    return data
