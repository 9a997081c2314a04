"""One process at a time: locks that the system lets go of however their holder ends."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def held(lock: Path, waiting: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold the file `lock` until the end of the block; whoever else wants it waits, and is told so by `waiting`.

    The file is removed at the end, so who has waited looks whether it still is the one that others would find.

    Raises:
        OSError: the file cannot be made, or not be locked, or is a link.
    """
    while True:
        fd = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        try:
            _wait_for(fd, waiting)
            if _is_at(fd, lock):
                try:
                    yield
                finally:
                    with suppress(OSError):  # what stays is empty, and nobody holds it
                        lock.unlink()
                return
        finally:
            os.close(fd)


def _wait_for(fd: int, waiting: Callable[[], object] | None) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        if waiting is not None:
            waiting()
        fcntl.flock(fd, fcntl.LOCK_EX)


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.lstat())
    except FileNotFoundError:
        return False
