"""One file of a zip archive, read in memory: nothing is written to disk, and the number of bytes is limited."""

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

from gatebench.errors import UserError

DAMAGE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # includes NotImplementedError, which an unknown compression raises
    ValueError,
)
"""The exceptions that `zipfile` raises for a damaged archive."""


def read_zipped(archive: bytes, name: str, limit: int, path: str) -> bytes:
    """Return the bytes of the one file called `name`, in any folder of a zip archive.

    The sizes that the archive states are not trusted: at most `limit` bytes are accepted.

    Args:
        archive: the bytes of the archive.
        name: the name of the file, without folders.
        limit: the largest allowed size of the file in bytes.
        path: the path of the archive, for the messages.

    Raises:
        UserError: the archive is damaged, has no such file or several, or the file has more than `limit` bytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            found = [member for member in members.infolist() if PurePosixPath(member.filename).name == name]
            if len(found) != 1:
                raise UserError(f"{path} holds {len(found) or 'no'} files called {name}; it must hold one.")
            with members.open(found[0]) as file:
                data = file.read(limit) + file.read(1)
    except DAMAGE_ERRORS as error:
        raise UserError(f"{path} cannot be unpacked: {error}.") from None
    if len(data) > limit:
        raise UserError(f"{name} in {path} has more than the {limit:,} bytes of the published file.")
    return data
