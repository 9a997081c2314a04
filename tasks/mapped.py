"""Large arrays kept on disk under a key, and mapped into memory: workers share their pages, nothing is unpickled."""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

Arrays = Mapping[str, NDArray[Any]]

LIMIT = 6 << 30  # bytes that the folder may hold; the entries that were used longest ago make room
SUMS = "sums.json"  # of an entry: the SHA-256 of each of its files
PART = ".part-"  # begins the name of what is not whole, or is being deleted
ABANDONED = 3600.0  # seconds after which such a thing belongs to a process that was killed
LOCKS = 16  # lock files, which stay: a key has the one of its digest


def mapped(folder: Path | None, key: str, compute: Callable[[], Arrays]) -> Arrays:
    """Return the arrays that `compute` gives, mapped from `folder` where it holds them under `key`; None keeps nothing.

    The key must change with everything that the arrays depend on. Of processes that want the same, one computes and the
    others wait. An entry is a folder of .npy files that is renamed into place when it is whole; one whose checksums do
    not fit is computed again. Arrays may be written to, which changes nothing on disk.

    Raises:
        UserError: the folder cannot be written to.
    """
    if folder is None:
        return compute()
    path = folder / key
    if (arrays := _read(path)) is not None:
        return arrays
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, key):
        if (arrays := _read(path)) is None:  # else another process was quicker
            arrays = compute()
            with _told(folder):
                _write(path, arrays)
                _make_room(folder, path)
    return arrays


def _read(path: Path) -> Arrays | None:
    """Return an entry's arrays, and mark it as used; None if there is none that is whole."""
    try:
        sums = json.loads((path / SUMS).read_bytes())
        files = sorted(path.glob("*.npy"))
        if {file.name: _sha256(file) for file in files} != sums:
            return None
        arrays = {file.stem: np.load(file, mmap_mode="c", allow_pickle=False) for file in files}
    except (OSError, ValueError):
        return None
    with suppress(OSError):
        os.utime(path)
    return arrays


def _write(path: Path, arrays: Arrays) -> None:
    part = Path(mkdtemp(dir=path.parent, prefix=PART))
    try:
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        (part / SUMS).write_text(json.dumps({file.name: _sha256(file) for file in part.glob("*.npy")}))
        _delete(path)  # what is there is damaged
        part.rename(path)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


@contextmanager
def _alone(folder: Path, key: str) -> Iterator[None]:
    """Hold the key's lock until the end of the block; the system lets go of it however the process ends."""
    number = int(hashlib.sha256(key.encode()).hexdigest(), 16) % LOCKS
    with _told(folder):
        file = (folder / f".lock-{number}").open("w")
    with file:
        with _told(folder):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"The cache {folder} cannot be written to: {error.strerror or error}.") from None


def _delete(path: Path) -> None:
    """Delete an entry, if it is there; who has mapped it keeps what is mapped."""
    with suppress(FileNotFoundError):
        shutil.rmtree(path.rename(path.parent / f"{PART}{path.name}-{time.time_ns()}"), ignore_errors=True)


def _make_room(folder: Path, newest: Path) -> None:
    """Delete what killed processes left, then the entries used longest ago, until LIMIT is kept; never the newest."""
    used = []
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            changed = path.stat().st_mtime
            if path.name.startswith(PART) and changed < time.time() - ABANDONED:
                shutil.rmtree(path, ignore_errors=True)
            elif path.is_dir() and not path.name.startswith(PART):
                used.append((path == newest, changed, path, sum(file.stat().st_size for file in path.iterdir())))
    held = sum(size for *_, size in used)
    for is_newest, _, path, size in sorted(used):
        if held <= LIMIT or is_newest:
            break
        _delete(path)
        held -= size
