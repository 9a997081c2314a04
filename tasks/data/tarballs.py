"""Tar archives, packed or not, whose files are read in memory: no path of an archive ever leads to a place on disk."""

import hashlib
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from gatebench.errors import UserError
from tasks.data.files import compare_published, reading

MOST_BYTES = 16 << 20  # of one file in an archive
MOST_FILES = 200_000  # of one archive


def open_verified(path: Path, sha256: str, home: str) -> IO[bytes]:
    """Return a file too large for memory, open at its beginning, after its SHA-256 has been found to be this one.

    Raises:
        UserError: the file cannot be read, or is not the one published at `home`.
    """
    with ExitStack() as stack:
        with reading(path):
            file = stack.enter_context(path.open("rb"))
            found, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
            file.seek(0)
        compare_published(found, sha256, size, str(path), home)
        stack.pop_all()  # it stays open
    return file


def members(
    file: IO[bytes], path: Path, name_of: Callable[[str], str | None]
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the regular files of a tar, each with a function that gives its bytes until the next one is asked for.

    The archive must have been verified: gzip's own checksum is not looked at.

    Args:
        file: the archive, read from where it is to its end.
        path: where it lies, for the sentences.
        name_of: gives the name under which a member is wanted, from its path in the archive; None for the others.

    Raises:
        UserError: the archive is broken, holds too many files, or one of them that is wanted is too large.
    """
    with _told(path), tarfile.open(fileobj=file, mode="r|*") as archive:
        for count, member in enumerate(archive):
            if count >= MOST_FILES:
                raise UserError(f"{path} holds more than {MOST_FILES:,} files.")
            name = name_of(member.name) if member.isfile() else None
            if name is None:
                continue
            if member.size > MOST_BYTES:
                raise UserError(f"{path} holds {name} of {member.size:,} bytes; the most is {MOST_BYTES:,}.")
            yield name, partial(_content, archive, member, path)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes:
    file = archive.extractfile(member)
    assert file is not None  # it is a regular file
    with _told(path), file:
        return file.read()


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}.") from None
