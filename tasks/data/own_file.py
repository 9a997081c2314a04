"""A file or a folder of the user, which a task names by a parameter such as `task.path`."""

import os
from difflib import get_close_matches
from itertools import islice
from pathlib import Path

from gatebench.errors import UserError
from tasks.data.files import MissingFile, read_file

MOST_NEIGHBOURS = 1000
"""The largest number of names in a folder among which the nearest one is searched."""

NEAR = 0.75
"""The least similarity of a name that is suggested. The endings of the names are not compared."""


def own_path(path: str, wanted: str, parameter: str = "path") -> Path:
    """Return the path of a file of the user.

    Args:
        path: the path, relative to the working directory; "~" is the home folder.
        wanted: the kind of file in messages, for example "a text file".
        parameter: the parameter of the task that names it.

    Raises:
        UserError: it is a folder.
        MissingFile: there is no such file.
    """
    found = _find(path)
    if found is not None and found.is_dir():
        raise UserError(f"task.{parameter} is {path}, which is a folder; it must name {wanted}.")
    if found is None or not found.is_file():
        raise MissingFile(f"There is no file {path}, which task.{parameter} names{_suggestion(path)}")
    return found


def own_folder(path: str, wanted: str) -> Path:
    """Return the path of a folder of the user.

    Args:
        path: as in `own_path`.
        wanted: the kind of folder in messages.

    Raises:
        UserError: it is a file.
        MissingFile: there is no such folder.
    """
    found = _find(path)
    if found is None:
        raise MissingFile(f"There is no folder {path}, which task.path names{_suggestion(path)}")
    if not found.is_dir():
        raise UserError(f"task.path is {path}, which is a file; it must name {wanted}.")
    return found


def is_own_folder(path: str) -> bool:
    """Return whether there is a folder at a path of the user."""
    found = _find(path)
    return found is not None and found.is_dir()


def own_name(path: str) -> str:
    """Return the last part of a path of the user without reading it, also for "." and "texts/".

    It stands for the path in a digest, because the place of the user's data on a disk must not change results.
    """
    return Path(os.path.abspath(path)).name or "data"  # noqa: PTH100  (`resolve` would follow links)


def own_file(path: str, wanted: str, parameter: str = "path") -> str:
    """Return the text of a file of the user in UTF-8, without a byte order mark.

    Args:
        path: as in `own_path`.
        wanted: as in `own_path`.
        parameter: as in `own_path`.

    Raises:
        UserError: it is a folder, it is empty, or it is not UTF-8: the message names the line.
        MissingFile: there is no such file.
    """
    return own_text(read_file(own_path(path, wanted, parameter)), path)


def own_text(data: bytes, name: str) -> str:
    """Return the text in the bytes of a file of the user, in UTF-8 without a byte order mark.

    Args:
        data: the bytes.
        name: the name of the file in messages.

    Raises:
        UserError: it is empty, or it is not UTF-8: the message names the line.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{name}, line {line}, is not UTF-8: a byte of it is {data[error.start]:#04x}.") from None
    if not text:
        raise UserError(f"{name} is empty.")
    return text


def _find(path: str) -> Path | None:
    """Return the path if something is there."""
    try:
        found = Path(path).expanduser()
        return found if found.exists() else None
    except (OSError, RuntimeError, ValueError):  # the name is too long, or "~user" has no home folder
        return None


def _suggestion(path: str) -> str:
    """Return the end of a sentence about a missing path: the nearest name in its folder, or "." if none is near."""
    folder = _find(str(Path(path).parent)) if path else None
    try:
        names = [] if folder is None else [one.name for one in islice(folder.iterdir(), MOST_NEIGHBOURS)]
    except OSError:  # the folder cannot be listed, or is a file
        return "."
    wanted, stems = Path(path), {Path(name).stem.lower() for name in names}
    near = get_close_matches(wanted.stem.lower(), sorted(stems), n=1, cutoff=NEAR)
    of_stem = sorted(name for name in names if [Path(name).stem.lower()] == near)
    best = get_close_matches(wanted.name, of_stem, n=1, cutoff=0)
    return f"; did you mean {best[0]!r}?" if best else "."
