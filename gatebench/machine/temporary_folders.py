"""Temporary folders that no process uses any more."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def abandoned_folders(parent: Path, prefix: str, days: float) -> Iterator[Path]:
    """Yield this user's folders below `parent` that are old and that no process of this user uses.

    A process uses a folder if it is its working folder, if the process has opened or loaded a file in it, or if its
    command line names a file in it. Without /proc, as on macOS, this is unknown, and no folder is yielded.

    Args:
        parent: the folder of the temporary folders.
        prefix: the start of their names.
        days: the age in days from which a folder is old, by the newest change of the folder itself.
    """
    newest = time.time() - days * 86_400
    old = []
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):
            facts = folder.lstat()
            if folder.is_dir() and not folder.is_symlink() and facts.st_uid == os.getuid() and facts.st_mtime < newest:
                old.append(folder)
    if old and Path("/proc/self/maps").exists():
        used = set(_used_paths(parent))
        yield from (folder for folder in sorted(old) if folder not in used)


def _used_paths(parent: Path) -> Iterator[Path]:
    """Yield the folders directly below `parent` in which a process of this user works, or has a file."""
    depth = len(parent.resolve().parts)
    for process in Path("/proc").glob("[0-9]*"):
        for text in _paths_of(process):
            parts = Path(text).parts
            if len(parts) > depth and Path(*parts[:depth]) == parent.resolve():
                yield parent / parts[depth]


def _paths_of(process: Path) -> Iterator[str]:
    """Yield the paths that a process uses. Those of other users cannot be read, and cannot use this user's folders."""
    with suppress(OSError):
        yield str((process / "cwd").readlink())
    with suppress(OSError):
        for descriptor in (process / "fd").iterdir():
            with suppress(OSError):
                yield str(descriptor.readlink())
    with suppress(OSError):
        for line in (process / "maps").read_text(errors="replace").splitlines():
            yield line.partition("/")[1] + line.partition("/")[2]
    with suppress(OSError):
        for argument in (process / "cmdline").read_text(errors="replace").split("\0"):
            yield argument.rpartition("=")[2]
