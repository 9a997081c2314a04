"""The clips of the user: folders whose files are the frames of a clip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from gatebench.errors import UserError
from tasks.data.class_folder import ClassFile


@dataclass(frozen=True)
class Clip:
    """A clip.

    Attributes:
        folder: its folder, with the class and the part.
        frames: the files of its frames in their order.
    """

    folder: ClassFile
    frames: tuple[ClassFile, ...]

    def chosen(self, most: int) -> tuple[ClassFile, ...]:
        """Return all frames, or at most so many of them at even distances, from the first to the last one."""
        count = len(self.frames)
        if count <= most:
            return self.frames
        return tuple(self.frames[round(number * (count - 1) / (most - 1))] for number in range(most))


def clips_of(files: Sequence[ClassFile]) -> tuple[Clip, ...]:
    """Return the clips of frames, in ascending order of their names.

    The frames of a clip are in the order of the numbers in their names, so that 10.png follows 9.png. If no name has a
    number, they are in the order of the names.

    Args:
        files: the frames.

    Raises:
        UserError: a clip has one frame only, or the names of its frames give no order.
    """
    members: dict[str, list[ClassFile]] = {}
    for file in files:
        members.setdefault(file.name.rpartition("/")[0], []).append(file)
    clips = []
    for name in sorted(members):
        frames = sorted(members[name], key=lambda file: natural_key(PurePosixPath(file.name).name))
        first = frames[0]
        if len(frames) < 2:
            raise UserError(f"{first.path.parent} has one frame, {first.path.name}; a clip needs at least two.")
        _check_order(frames)
        clips.append(Clip(ClassFile(first.path.parent, name, first.label, first.part), tuple(frames)))
    return tuple(clips)


def _check_order(frames: Sequence[ClassFile]) -> None:
    """Check that the numbers in the names of a clip's frames give their order.

    Raises:
        UserError: some names have a number and some have none, or two names have the same numbers and letters.
    """
    clip = frames[0].path.parent
    stems = [frame.path.stem for frame in frames]
    without = [frame.path.name for frame, stem in zip(frames, stems, strict=True) if not re.search(r"[0-9]", stem)]
    if 0 < len(without) < len(frames):
        raise UserError(f"{clip} has frames with numbers and {without[0]} without one; the numbers give the order.")
    for one, other in pairwise(frames):
        same = [re.sub(r"[0-9]+", lambda found: str(int(found[0])), frame.path.stem) for frame in (one, other)]
        if same[0] == same[1]:
            raise UserError(f"{clip} has the frames {one.path.name} and {other.path.name}, which have the same number.")


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts names by the numbers in them.

    Examples:
        >>> sorted(["f10.png", "f9.png", "f1.png"], key=natural_key)
        ['f1.png', 'f9.png', 'f10.png']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((int(part), part) if part[0] in "0123456789" else (-1, part) for part in parts)
