"""A cache on disk for arrays that are expensive to compute.

Arrays are read into memory, or mapped into memory so that several processes share the pages. An entry of the cache is
a folder. Its name contains a digest of the inputs of the computation. It holds one `.npy` file for each array and a
list of the checksums of these files.

This cache is written by hand because `joblib.Memory` and `diskcache` store arrays as pickles, which can run code when
they are read, and because neither verifies a checksum.
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
"""The inputs and settings that determine the arrays, as plain JSON values. It must change whenever the arrays would."""

MAX_BYTES = 10 << 30
"""The largest size of a cache folder. The least recently used entries are deleted to keep it."""

ENTRY_SUFFIX = ".arrays"
"""The end of an entry's name. Other files and folders are never deleted, except those with `PARTIAL_PREFIX`."""

PARTIAL_PREFIX = ".part-"
"""The beginning of the name of a folder that is incomplete or is being deleted."""

CHECKSUM_FILE = "sums.json"
"""The file in an entry that holds {array: SHA-256 of its file}."""

ABANDONED_SECONDS = 3600.0
"""The age after which a partial folder is taken to belong to a process that was killed."""


def cached_arrays(folder: Path | None, name: str, origin: Origin, compute: Compute) -> Arrays:
    """Return the arrays that `compute` returns, from the cache if it holds them.

    If several processes ask for the same arrays, one of them computes and the others wait. An entry gets its final name
    only when it is complete. Its checksums are verified at every read. A damaged entry is computed again. Nothing is
    unpickled.

    Args:
        folder: the cache folder; None disables the cache.
        name: the first part of the entry's name.
        origin: the inputs of the computation; its digest is the second part of the entry's name.
        compute: computes the arrays.

    Raises:
        UserError: the folder cannot be written to.
    """
    return _read_or_compute(folder, name, origin, compute, None)


def memory_mapped_arrays(folder: Path | None, name: str, origin: Origin, compute: Compute) -> Arrays:
    """Return the same arrays as `cached_arrays`, mapped into memory if the cache held them.

    The arrays are writable, but changes stay in memory and never reach the disk (copy on write).

    Raises:
        UserError: the folder cannot be written to.
    """
    return _read_or_compute(folder, name, origin, compute, "c")


def _read_or_compute(
    folder: Path | None, name: str, origin: Origin, compute: Compute, mode: Literal["c"] | None
) -> Arrays:
    if folder is None:
        return compute()
    digest = hashlib.sha256(json.dumps(origin, sort_keys=True).encode()).hexdigest()[:32]
    key = f"{name}-{digest}"
    entry = folder / f"{key}{ENTRY_SUFFIX}"
    arrays = _read(entry, mode)
    if arrays is not None:
        return arrays
    with ExitStack() as stack:
        with _report_write_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            stack.enter_context(hold_lock(folder / f"{key}.lock"))
        arrays = _read(entry, mode)  # another process may have written it in the meantime
        if arrays is None:
            arrays = compute()
            with _report_write_errors(folder):
                _write(entry, arrays)
                _evict(entry)
    return arrays


@contextmanager
def _report_write_errors(folder: Path) -> Iterator[None]:
    """Turn an `OSError` in the block into a `UserError`."""
    try:
        yield
    except OSError as error:
        raise UserError(f"The cache {folder} cannot be written to: {error.strerror or error}.") from None


def _read(entry: Path, mode: Literal["c"] | None) -> Arrays | None:
    """Return the arrays of an entry and mark it as used; return None if it is absent or damaged."""
    try:
        checksums = json.loads((entry / CHECKSUM_FILE).read_bytes())
        files = {file.stem: file for file in entry.glob("*.npy")}
        if {name: _sha256(file) for name, file in files.items()} != checksums:
            return None
        arrays = {name: np.load(files[name], mode, allow_pickle=False) for name in checksums}
    except (OSError, ValueError, EOFError):  # it is absent, its list is invalid, or a file holds no numbers
        return None
    with suppress(OSError):
        os.utime(entry)
    return arrays


def _write(entry: Path, arrays: Arrays) -> None:
    """Write an entry and then give it its final name. The caller holds the lock of the entry."""
    part = entry.with_name(f"{PARTIAL_PREFIX}{entry.name}")
    _remove(part)  # a process that was killed may have left it
    part.mkdir()
    try:
        for name, array in arrays.items():
            np.save(part / f"{name}.npy", array, allow_pickle=False)
        checksums = {name: _sha256(part / f"{name}.npy") for name in arrays}
        (part / CHECKSUM_FILE).write_text(json.dumps(checksums))
        _delete(entry)  # a damaged entry may have this name
        part.rename(entry)
    except BaseException:
        _remove(part)
        raise


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _evict(newest: Path) -> None:
    """Delete abandoned partial folders, then the least recently used entries until at most `MAX_BYTES` are left.

    The newest entry is never deleted.
    """
    entries = []
    for path in newest.parent.iterdir():
        with suppress(FileNotFoundError):  # another process may delete files at the same time
            changed = path.stat().st_mtime
            if path.name.startswith(PARTIAL_PREFIX) and changed < time.time() - ABANDONED_SECONDS:
                _remove(path)
            elif path.name.endswith(ENTRY_SUFFIX) and not path.name.startswith(PARTIAL_PREFIX):
                entries.append((path == newest, changed, path, _size(path)))
    total = sum(size for *_, size in entries)
    for is_newest, _, path, size in sorted(entries):
        if total <= MAX_BYTES or is_newest:
            break
        _delete(path)
        total -= size


def _size(entry: Path) -> int:
    """Return the size of an entry in bytes. An entry of an earlier version of the cache is a single file."""
    files = entry.iterdir() if entry.is_dir() else [entry]
    return sum(file.stat().st_size for file in files)


def _delete(entry: Path) -> None:
    """Delete an entry if it exists.

    Other processes see it disappear in one step, because it is renamed first. Memory that is already mapped stays
    valid.
    """
    with suppress(FileNotFoundError):
        _remove(entry.rename(entry.with_name(f"{PARTIAL_PREFIX}{time.time_ns()}-{entry.name}")))


def _remove(path: Path) -> None:
    """Remove a file or a folder; ignore errors."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
