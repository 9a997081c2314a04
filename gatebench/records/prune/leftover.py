"""A file or a folder that nothing needs any more."""

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError


@dataclass(frozen=True)
class Leftover:
    """A file or a folder that nothing needs any more.

    Attributes:
        kind: what it is, for messages.
        path: its path.
        size: the bytes that it takes on the disk.
    """

    kind: str
    path: Path
    size: int


def leftovers(kind: str, paths: Iterable[Path]) -> Iterator[Leftover]:
    """Yield the paths that exist, with their sizes. Symbolic links are left out: their targets may be anywhere."""
    for path in sorted(paths):
        if not path.is_symlink() and path.exists():
            yield Leftover(kind, path, disk_size(path))


def disk_size(path: Path) -> int:
    """Return the bytes that a file, or a folder with everything in it, takes on the disk. Links are not followed."""
    try:
        own = path.lstat()
        inner = list(path.iterdir()) if stat.S_ISDIR(own.st_mode) else []
    except OSError:
        return 0
    return own.st_blocks * 512 + sum(map(disk_size, inner))


def remove(leftover: Leftover, folder: Path) -> None:
    """Remove a file or a folder. A link inside it is removed, and not its target.

    Args:
        leftover: the file or the folder.
        folder: a folder that it must lie in.

    Raises:
        UserError: it does not lie there, or cannot be removed.
    """
    path = leftover.path
    if not path.parent.resolve().is_relative_to(folder.resolve()) or path.is_symlink():
        raise UserError(f"{path} does not lie in {folder}, so it is not removed.")
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        named = os.fspath(error.filename) if error.filename else path
        raise UserError(f"{named} cannot be removed: {error.strerror or error}.") from None
