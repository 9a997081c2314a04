"""Arrays that are costly to compute, kept on disk: read whole, or mapped into memory so that workers share their pages.

An entry is a folder named after what it was computed from. It holds a file for each array, named after it, and a list
of their checksums.
"""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.data.locks import hold_lock

Arrays = Mapping[str, NDArray[Any]]
Compute = Callable[[], Arrays]
Origin = Mapping[str, object]
"""What arrays are computed from, and how: plain values, that change whenever the arrays would."""

LIMIT = 10 << 30  # bytes that a folder may hold; the entries that were used longest ago make room
ENTRY = ".arrays"  # ends an entry's name; nothing else in the folder is ever deleted, but for what begins with PART
PART = ".part-"  # begins the name of what is not whole, or is being deleted
LIST = "sums.json"  # of an entry: {array: SHA-256 of its file}
ABANDONED = 3600.0  # seconds after which a part belongs to a process that was killed


def whole(folder: Path | None, name: str, origin: Origin, compute: Compute) -> Arrays:
    """Return the arrays that `compute` gives, from `folder` where it holds them; None keeps nothing.

    They are held under `name` and the digest of their `origin`. Of processes that want the same, one computes and the
    others wait. An entry is renamed into place when it is whole, and is read only as its checksums say: one that is
    damaged is computed again, and nothing is ever unpickled.

    Raises:
        UserError: the folder cannot be written to.
    """
    return _kept(folder, name, origin, compute, None)


def mapped(folder: Path | None, name: str, origin: Origin, compute: Compute) -> Arrays:
    """Return what `whole` does, mapped into memory where it was held; writing to it changes nothing on disk.

    Raises:
        UserError: the folder cannot be written to.
    """
    return _kept(folder, name, origin, compute, "c")


def _kept(folder: Path | None, name: str, origin: Origin, compute: Compute, mode: Literal["c"] | None) -> Arrays:
    if folder is None:
        return compute()
    key = f"{name}-{hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()[:32]}"
    entry = folder / f"{key}{ENTRY}"
    if (arrays := _read(entry, mode)) is not None:
        return arrays
    with ExitStack() as stack:
        with _told(folder):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold_lock(folder / f"{key}.lock"))
        if (arrays := _read(entry, mode)) is None:  # else another process was quicker
            arrays = compute()
            with _told(folder):
                _write(entry, arrays)
                _make_room(entry)
    return arrays


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"The cache {folder} cannot be written to: {error.strerror or error}.") from None


def _read(entry: Path, mode: Literal["c"] | None) -> Arrays | None:
    """Return an entry's arrays, and mark it as used; None if there is none that is whole."""
    try:
        sums = json.loads((entry / LIST).read_bytes())
        files = {file.stem: file for file in entry.glob("*.npy")}
        if {name: _sha256(file) for name, file in files.items()} != sums:
            return None
        arrays = {name: np.load(files[name], mode, allow_pickle=False) for name in sums}
    except (OSError, ValueError, EOFError):  # it is gone, or holds no list, or no numbers
        return None
    with suppress(OSError):
        os.utime(entry)
    return arrays


def _write(entry: Path, arrays: Arrays) -> None:
    """Put an entry in its place, whole; whoever calls this holds its lock."""
    part = entry.with_name(f"{PART}{entry.name}")
    _remove(part)  # of a process that was killed
    part.mkdir()
    try:
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        (part / LIST).write_text(json.dumps({name: _sha256(part / f"{name}.npy") for name in arrays}))
        _delete(entry)  # what is there is damaged
        part.rename(entry)
    except BaseException:
        _remove(part)
        raise


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _make_room(newest: Path) -> None:
    """Delete what killed processes left, then the entries used longest ago, until LIMIT is kept; never the newest."""
    used = []
    for path in newest.parent.iterdir():
        with suppress(FileNotFoundError):  # another process deletes, too
            changed = path.stat().st_mtime
            if path.name.startswith(PART) and changed < time.time() - ABANDONED:
                _remove(path)
            elif path.name.endswith(ENTRY) and not path.name.startswith(PART):
                used.append((path == newest, changed, path, _size(path)))
    kept = sum(size for *_, size in used)
    for is_newest, _, path, size in sorted(used):
        if kept <= LIMIT or is_newest:
            break
        _delete(path)
        kept -= size


def _size(entry: Path) -> int:
    """Return the bytes of an entry; one of an earlier version is a single file."""
    return sum(file.stat().st_size for file in (entry.iterdir() if entry.is_dir() else [entry]))


def _delete(entry: Path) -> None:
    """Delete an entry, if it is there, at once for all who look; who has mapped it keeps what is mapped."""
    with suppress(FileNotFoundError):
        _remove(entry.rename(entry.with_name(f"{PART}{time.time_ns()}-{entry.name}")))


def _remove(path: Path) -> None:
    """Remove a file or a folder, as far as it can be."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
