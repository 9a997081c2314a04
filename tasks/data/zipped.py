"""One file out of a zip archive, in memory: nothing is unpacked to disk, and no more is read than is wanted."""

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import PurePosixPath

from gatebench.errors import UserError

BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError)


def read_zipped(archive: bytes, name: str, limit: int, path: str) -> bytes:
    """Return the bytes of the one file called `name`, in whatever folder of a zip archive.

    What the archive says of sizes is not believed: reading stops after `limit` bytes. `path` is the archive's, for the
    sentences.

    Raises:
        UserError: the archive is broken, it holds no such file or several, or one of more than `limit` bytes.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as members:
            found = [member for member in members.infolist() if PurePosixPath(member.filename).name == name]
            if len(found) != 1:
                raise UserError(f"{path} holds {len(found) or 'no'} files called {name}; it must hold one.")
            with members.open(found[0]) as file:
                data = file.read(limit) + file.read(1)
    except BROKEN as error:  # NotImplementedError, for an unknown compression, is a RuntimeError
        raise UserError(f"{path} cannot be unpacked: {error}.") from None
    if len(data) > limit:
        raise UserError(f"{name} in {path} has more than the {limit:,} bytes of the published file.")
    return data
