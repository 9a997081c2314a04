"""Arrays that are costly to compute, kept on disk under a key that names what they were computed from."""

import fcntl
import hashlib
import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

Arrays = Mapping[str, NDArray[Any]]

LIMIT = 4 << 30  # bytes that a cache may hold; the entries that were used longest ago make room
DIGEST = 32  # bytes of SHA-256 before an entry's arrays
ABANDONED = 3600.0  # seconds after which a file half written belongs to a process that was killed


def cached(folder: Path | None, key: str, compute: Callable[[], Arrays]) -> Arrays:
    """Return the arrays that `compute` gives, from `folder` where it holds them under `key`; None keeps nothing.

    The key must change with everything that the arrays depend on. Of processes that want the same, one computes and the
    others wait. An entry is renamed into place when it is whole, bears its own SHA-256, and holds numbers alone: one
    that is damaged is computed again, and nothing is ever unpickled.

    Raises:
        UserError: the folder cannot be written to.
    """
    if folder is None:
        return compute()
    path = folder / f"{key}.arrays"
    arrays = _read(path)
    if arrays is not None:
        return arrays
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder / f"{key}.lock"):
            arrays = _read(path)  # another process may have been quicker
            if arrays is None:
                arrays = compute()
                _write(path, arrays)
                _make_room(folder, path)
    except OSError as error:
        raise UserError(f"The cache {folder} cannot be written to: {error.strerror or error}.") from None
    return arrays


def _read(path: Path) -> Arrays | None:
    """Return an entry's arrays, and mark it as used; None if there is none that is whole."""
    try:
        data = memoryview(path.read_bytes())
        if hashlib.sha256(data[DIGEST:]).digest() != data[:DIGEST]:
            return None
        with np.load(io.BytesIO(data[DIGEST:]), allow_pickle=False) as entry:
            arrays = dict(entry)
    except (OSError, ValueError, zipfile.BadZipFile):
        return None
    with suppress(OSError):
        os.utime(path)
    return arrays


def _write(path: Path, arrays: Arrays) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    data = buffer.getbuffer()
    with NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=".part", delete=False) as file:
        try:
            file.write(hashlib.sha256(data).digest())
            file.write(data)
            file.flush()
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold a lock until the end of the block; the system lets go of it however the process ends.

    Who waits for a lock that is then removed may meet who made it anew: both compute, and the results are the same.
    """
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _make_room(folder: Path, newest: Path) -> None:
    """Delete what killed processes left half written, then the entries used longest ago, until LIMIT is kept."""
    used = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            found = path.stat()
            if path.suffix == ".part" and found.st_mtime < time.time() - ABANDONED:
                path.unlink()
            elif path.suffix == ".arrays" and path != newest:
                used.append((found.st_mtime, path, found.st_size))
    held = newest.stat().st_size + sum(size for _, _, size in used)
    for _, path, size in sorted(used):
        if held <= LIMIT:
            break
        path.unlink(missing_ok=True)
        held -= size
