"""One process at a time, by the library `filelock`. The system frees a lock when its holder ends, however it ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def hold_lock(path: Path, on_wait: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold a lock until the end of the block. Another process that wants it waits.

    Args:
        path: the lock file. It stays where it is after the block, empty.
        on_wait: called once if the lock is held by another, before this process waits for it.

    Raises:
        OSError: the file cannot be created or locked, or is a link.
    """
    # Without flock the library would use a weaker lock that a killed process leaves behind.
    lock = FileLock(path, thread_local=False, fallback_to_soft=False)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        if on_wait is not None:
            on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
