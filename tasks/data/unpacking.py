"""Archives from outside become folders: whole or not at all, and never beside or above the folder."""

import gzip
import lzma
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol, cast

from gatebench.errors import UserError
from tasks.data.datasets import check_inside

CHUNK = 1 << 18  # bytes
LARGEST_RATIO = 10  # of what comes out to the archive; text, which shrinks most, is at a sixth
SLACK = 1 << 20  # bytes that may come out beyond that: a small tar is mostly padding
MOST_FILES = 250_000

BROKEN = (
    *(tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, ValueError),
    RuntimeError,  # of zipfile: it is encrypted, or packed in an unknown way
)


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Return at most `size` bytes, none at the end."""


def unpack(archive: Path, folder: Path, inside: str, tell: Callable[[int], None]) -> None:
    """Unpack a .tar.gz, .tar.xz, .zip or .gz file into a new folder.

    Everything goes to `.<folder>.part` first and is renamed when it is whole; what a killed process has left of that
    is deleted by the next. Only the bytes of ordinary files are taken: no links, devices, owners or permissions.

    Args:
        archive: what to unpack, its checksum verified: a zip's list of members has none of its own. One process at a
            time may do this.
        folder: what it becomes; there must be none yet, or an empty one.
        inside: the folder in the archive that is wanted; "." takes everything.
        tell: is given the number of bytes of the archive that have been read.

    Raises:
        UserError: the archive is broken, holds what it must not or too much, or the folder cannot be written to.
    """
    temporary = folder.with_name(f".{folder.name}.part")
    with _told(archive, folder):
        if temporary.exists():
            shutil.rmtree(temporary)
        temporary.mkdir(parents=True)
        try:
            _copy(archive, temporary, tell)
            if not (temporary / inside).is_dir():
                raise UserError(f"{archive} holds no folder {inside!r}; it was not unpacked.")
            (temporary / inside).replace(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _copy(archive: Path, folder: Path, tell: Callable[[int], None]) -> None:
    """Copy all ordinary files into a folder that is empty."""
    with archive.open("rb") as raw:
        for count, (name, source) in enumerate(_files(archive, raw), 1):
            if count > MOST_FILES:
                raise UserError(f"{archive} holds more than {MOST_FILES:,} files; it was not unpacked.")
            try:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                with (folder / name).open("xb") as target:
                    while data := source.read(CHUNK):
                        target.write(data)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                raise UserError(
                    f"{archive} holds {name!r} and something else in its place; it was not unpacked."
                ) from None
            tell(raw.tell())


def _files(archive: Path, raw: IO[bytes]) -> Iterator[tuple[str, Readable]]:
    """Yield the relative path and the bytes of every ordinary file, in order, each to be read before the next."""
    if not (size := archive.stat().st_size):
        raise EOFError("it is empty")
    room = _Room(archive, LARGEST_RATIO * size + SLACK)
    match archive.suffix, archive.stem.endswith(".tar"):
        case ".gz", True:
            with gzip.GzipFile(fileobj=raw) as stream:
                yield from _tar_files(archive, room.metered(stream))
        case ".xz", True:
            with lzma.LZMAFile(raw) as stream:
                yield from _tar_files(archive, room.metered(stream))
        case ".zip", _:
            yield from _zip_files(archive, raw, room)
        case ".gz", _:
            with gzip.GzipFile(fileobj=raw) as stream:
                yield archive.stem, room.metered(stream)
        case _:
            raise UserError(f"{archive} is not of a known kind; it must be .tar.gz, .tar.xz, .zip or .gz.")


def _tar_files(archive: Path, stream: Readable) -> Iterator[tuple[str, Readable]]:
    with tarfile.open(fileobj=cast(Any, stream), mode="r|") as tar:
        for member in tar:
            plain = member.isreg() and not member.issparse()  # holes are bytes that nothing counts
            name = _checked(archive, member.name, ordinary=plain or member.isdir())
            source = tar.extractfile(member)
            if source is not None:
                yield name, source
    while stream.read(CHUNK):  # up to the checksum at the end of the stream, which is verified in passing
        pass


def _zip_files(archive: Path, raw: IO[bytes], room: "_Room") -> Iterator[tuple[str, Readable]]:
    with zipfile.ZipFile(raw) as packed:
        for member in packed.infolist():
            kind = stat.S_IFMT(member.external_attr >> 16)
            name = _checked(archive, member.filename, ordinary=kind in (0, stat.S_IFREG, stat.S_IFDIR))
            if not member.is_dir():
                with packed.open(member) as source:
                    yield name, room.metered(source)


def _checked(archive: Path, name: str, *, ordinary: bool) -> str:
    """Return a member's path in its plainest form; refuse what is neither file nor folder, and what leads outside."""
    if not ordinary:
        raise UserError(f"{archive} holds {name!r}, which is neither a file nor a folder; it was not unpacked.")
    try:
        check_inside(name)
    except UserError as error:
        raise UserError(f"{archive} was not unpacked: {error}") from None
    return Path(name).as_posix()


@dataclass
class _Room:
    """How many bytes may still come out of an archive."""

    archive: Path
    left: int

    def metered(self, stream: Readable) -> Readable:
        """Return the stream with its bytes counted."""
        return _Metered(stream, self)

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise UserError(
                f"{self.archive} holds more than {LARGEST_RATIO} times its own size, as no data set does; "
                "it was not unpacked."
            )


@dataclass
class _Metered:
    stream: Readable
    room: _Room

    def read(self, size: int = -1, /) -> bytes:
        data = self.stream.read(size)
        self.room.take(len(data))
        return data


@contextmanager
def _told(archive: Path, folder: Path) -> Iterator[None]:
    """Tell in one sentence what is wrong with the archive or the disk."""
    try:
        yield
    except BROKEN as error:
        raise UserError(f"{archive} is broken and was not unpacked: {error}.") from None
    except OSError as error:
        if error.errno is None:  # gzip's way to say that the bytes are not its own
            raise UserError(f"{archive} is broken and was not unpacked: {error}.") from None
        raise UserError(f"{archive} cannot be unpacked to {folder}: {error.strerror}.") from None
