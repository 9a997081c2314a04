"""Tar archives that are read in memory, so that no path in an archive is ever written to disk.

`tarfile` of the standard library reads the archives. Its `extractall` is not used, because it writes every member to
disk before its size and its content can be checked.
"""

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
from tasks.data.files import compare_checksums, report_read_errors

MAX_FILE_BYTES = 16 << 20  # of one file in an archive
MAX_FILES = 200_000  # in one archive


def open_verified(path: Path, sha256: str, source_url: str) -> IO[bytes]:
    """Return a verified file, open at its beginning. It may be too large for the memory.

    Raises:
        UserError: the file cannot be read, or is not the one published at `source_url`.
    """
    with ExitStack() as stack:
        with report_read_errors(path):
            file = stack.enter_context(path.open("rb"))
            found, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
            file.seek(0)
        compare_checksums(found, sha256, size, str(path), source_url)
        stack.pop_all()  # keeps the file open
    return file


def iterate_members(
    file: IO[bytes], path: Path, select: Callable[[str], str | None]
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Yield the name of each selected regular file of a tar archive, and a function that reads its bytes.

    The function must be called before the next file is requested. The archive must have been verified before, because
    the checksum inside a gzip stream is not compared.

    Args:
        file: the archive, which is read from the current position to the end.
        path: the path of the archive, for the messages.
        select: maps the path of a member to the name under which it is yielded, or to None to skip it.

    Raises:
        UserError: the archive is damaged, has too many files, or a selected file is too large.
    """
    with _report_unpack_errors(path), tarfile.open(fileobj=file, mode="r|*") as archive:
        for count, member in enumerate(archive):
            if count >= MAX_FILES:
                raise UserError(f"{path} holds more than {MAX_FILES:,} files.")
            name = select(member.name) if member.isfile() else None
            if name is None:
                continue
            if member.size > MAX_FILE_BYTES:
                raise UserError(f"{path} holds {name} of {member.size:,} bytes; the most is {MAX_FILE_BYTES:,}.")
            yield name, partial(_content, archive, member, path)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> bytes:
    file = archive.extractfile(member)
    assert file is not None  # it is a regular file
    with _report_unpack_errors(path), file:
        return file.read()


@contextmanager
def _report_unpack_errors(path: Path) -> Iterator[None]:
    """Turn the errors of a damaged archive into a `UserError`."""
    try:
        yield
    except (tarfile.TarError, EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}.") from None
