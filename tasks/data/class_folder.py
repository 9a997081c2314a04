"""A folder of the user with a folder for each class: `photos/cat/1.png`, or with parts, `photos/train/cat/1.png`."""

import hashlib
import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from gatebench.errors import UserError, out_of_range
from tasks.data.files import report_read_errors
from tasks.data.own_file import own_folder

PART_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}
"""{name in the user's data: part}"""

LEFT_BY_SYSTEMS = frozenset({"thumbs.db", "desktop.ini"})
"""Files that file managers write into folders, in lower case. They are ignored, as are names that start with a dot."""

VIDEO_SUFFIXES = (".avi", ".gif", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")
"""The ends of the names of video files, which are not read."""

CHUNK_BYTES = 1 << 20

Signature = tuple[tuple[str, str, int, int], ...]
"""(name, path, size, time of the last change) of each file."""


@dataclass(frozen=True)
class ClassFile:
    """An example in a folder of the user.

    Attributes:
        path: the path of the file.
        name: the path below the user's folder, with "/" between the parts.
        label: the name of its class folder.
        part: "train", "val" or "test"; None if the folder has no parts.
    """

    path: Path
    name: str
    label: str
    part: str | None


def list_class_files(
    path: str, suffixes: Collection[str], kind: str, *, in_clips: bool = False
) -> tuple[ClassFile, ...]:
    """Return the files in the class folders, in ascending order of their names.

    The folder has parts if it contains the folders train and test; a folder val is optional.

    Args:
        path: the user's folder, relative to the working directory.
        suffixes: the ends of the names of examples, in lower case, for example ".png".
        kind: an example in messages, for example "an image".
        in_clips: whether a class folder holds a folder for each clip, which holds its files.

    Raises:
        UserError: there are fewer than two classes, a class has no file, a file is empty or no example, a link leads
            out of the folder, or a folder cannot be read.
        MissingFile: there is no such folder.
    """
    root = own_folder(path, "a folder with a folder for each class")
    listing = _Listing(root, tuple(sorted(suffixes)), kind)
    tops = list(listing.folders(root))
    found: list[ClassFile] = []
    read = listing.clips if in_clips else listing.examples
    names = {top.name.lower(): top for top in tops}
    parts = {PART_NAMES[name] for name in names if name in PART_NAMES}
    if {"train", "test"} <= parts:
        for name, top in names.items():
            if name not in PART_NAMES:
                raise UserError(
                    f"{root} has the parts train and test and also the folder {top.name}, which is no part."
                )
            for class_folder in listing.folders(top):
                found += read(class_folder, PART_NAMES[name])
    else:
        for top in tops:
            found += read(top, None)
    labels = {file.label for file in found}
    if len(labels) < 2:
        had = f"one class folder, {next(iter(labels))}" if labels else "no class folder"
        raise UserError(f"{root} has {had}; classification needs at least two.")
    return tuple(sorted(found, key=lambda file: file.name))


def folder_digest(files: Collection[ClassFile]) -> str:
    """Return a SHA-256 of the names and the contents of files. The place of the folder has no influence.

    For each file, in ascending order of the names, these bytes are hashed: the name, a zero byte, the size in decimal
    digits, a zero byte, and the content. A process does not read the files again if no size and no time has changed.

    Raises:
        UserError: a file cannot be read.
    """
    signature = []
    for file in files:
        with report_read_errors(file.path):
            state = file.path.stat()
        signature.append((file.name, str(file.path), state.st_size, state.st_mtime_ns))
    return _digest(tuple(signature))


@lru_cache(maxsize=4)
def _digest(signature: Signature) -> str:
    digest = hashlib.sha256()
    for name, path, size, _ in signature:
        digest.update(f"{name}\0{size}\0".encode())
        with report_read_errors(Path(path)), Path(path).open("rb") as file:
            while data := file.read(CHUNK_BYTES):
                digest.update(data)
    return digest.hexdigest()


def check_group_pattern(pattern: object) -> None:
    """Check that `task.group` is null or a regular expression.

    Raises:
        UserError: it is not.
    """
    if pattern is None:
        return
    if isinstance(pattern, str) and pattern:
        with suppress(re.error):
            re.compile(pattern)
            return
    raise out_of_range("task.group", pattern, "a regular expression for the names of files, or null")


def group_of(file: ClassFile, pattern: str) -> str:
    """Return the group of a file: what the pattern finds in its name, or the first group in parentheses of it.

    Examples:
        >>> group_of(ClassFile(Path("a"), "yes/anna_03.wav", "yes", None), "^[^_]+")
        'anna'

    Raises:
        UserError: the pattern does not occur in the name.
    """
    found = re.search(pattern, file.name.rpartition("/")[2])
    group = found and (found[1] if found.re.groups else found[0])
    if not group:
        raise UserError(f"task.group={pattern} finds no group in the file name {file.name}.")
    return group


@dataclass(frozen=True)
class _Listing:
    """The entries of a user's folder.

    Attributes:
        root: the folder.
        suffixes: the ends of the names of examples.
        kind: an example in messages.
    """

    root: Path
    suffixes: tuple[str, ...]
    kind: str

    def folders(self, parent: Path, kind: str = "class") -> Iterator[Path]:
        """Yield the folders in a folder in ascending order; refuse examples beside them."""
        for entry in self._entries(parent):
            if entry.is_dir():
                yield Path(entry.path)
            elif kind == "clip" and entry.name.lower().endswith(VIDEO_SUFFIXES):
                raise UserError(f"{entry.path} is a video file; write its frames as images into a folder of the clip.")
            elif self._is_example(entry):
                raise UserError(
                    f"{entry.path} is in no {kind} folder; move it into a folder with the name of its {kind}."
                )

    def clips(self, folder: Path, part: str | None) -> list[ClassFile]:
        """Return the files of all clips in a class folder."""
        found: list[ClassFile] = []
        for clip in self.folders(folder, "clip"):
            found += [replace(file, label=folder.name) for file in self.examples(clip, part, "clip")]
        if not found:
            raise UserError(f"The class folder {folder} has no folder of a clip.")
        return found

    def examples(self, folder: Path, part: str | None, kind: str = "class") -> list[ClassFile]:
        """Return the examples in a class folder, or the files of a clip."""
        found = []
        for entry in self._entries(folder):
            if entry.is_dir():
                is_part = kind == "class" and folder.name.lower() in PART_NAMES
                hint = f" For parts, {self.root} needs the folders train and test." if is_part else ""
                raise UserError(
                    f"{entry.path} is a folder in the {kind} folder {folder.name}, which may hold files only.{hint}"
                )
            if not self._is_example(entry):
                allowed = ", ".join(self.suffixes)
                raise UserError(f"{entry.path} is not {self.kind}: the name must end in {allowed}.")
            with report_read_errors(Path(entry.path)):
                if not entry.stat().st_size:
                    raise UserError(f"{entry.path} is empty.")
            name = Path(entry.path).relative_to(self.root).as_posix()
            found.append(ClassFile(Path(entry.path), name, folder.name, part))
        if not found:
            raise UserError(f"The {kind} folder {folder} has no file.")
        return found

    def _is_example(self, entry: os.DirEntry[str]) -> bool:
        return entry.name.lower().endswith(self.suffixes)

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        with report_read_errors(folder), os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            if entry.name.startswith(".") or entry.name.lower() in LEFT_BY_SYSTEMS:
                continue
            if not entry.name.isprintable():  # also the bytes of a name that is not UTF-8
                raise UserError(f"{folder} has a file with the name {entry.name!a}, which cannot be printed.")
            if entry.is_symlink() and not is_inside(Path(entry.path), self.root):
                raise UserError(f"{entry.path} is a link out of {self.root}; copy the file, or link inside the folder.")
            yield entry


def is_inside(link: Path, root: Path) -> bool:
    """Return whether a link leads to a place inside a folder; a link that leads in a circle does not."""
    try:
        return link.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False
