"""The temporary folder of a local Ray cluster. A folder that a killed process has left is removed by the next sweep."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

PARENT = Path("/tmp")
"""The folder of the temporary folders. Their paths must be short: Ray's sockets lie in them."""

PREFIX = "gatebench-"
"""The start of the names of the temporary folders."""

LOCK = "owner.lock"
"""The name of the lock file in a temporary folder. The process that uses the folder holds the lock."""


@contextmanager
def ray_folder() -> Iterator[Path]:
    """Yield a new temporary folder, and remove it at the end of the block. Remove folders of killed processes."""
    remove_abandoned()
    with TemporaryDirectory(prefix=PREFIX, dir=PARENT, ignore_cleanup_errors=True) as folder:
        lock = FileLock(Path(folder) / LOCK)
        with lock:
            inner = Path(folder) / "r"  # Ray makes its folder writable for everybody, so the outer one is for the owner
            inner.mkdir()
            yield inner


def remove_abandoned() -> None:
    """Remove this user's temporary folders that no process uses."""
    for folder in PARENT.glob(f"{PREFIX}*"):
        file = folder / LOCK
        try:
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or not file.is_file():
                continue
            with FileLock(file, timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except (OSError, Timeout):
            continue
