"""Locks between processes, from the library `filelock`. The operating system frees a lock when its process ends."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def hold_lock(path: Path, on_wait: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold a lock until the end of the block. Other processes that request it wait.

    Args:
        path: the lock file. It is empty, and it is not deleted after the block.
        on_wait: is called once if another process holds the lock, before this process waits.

    Raises:
        OSError: the file cannot be created or locked, or is a symbolic link.
    """
    # On a system without flock the library would use a weaker lock, which a killed process leaves behind.
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
