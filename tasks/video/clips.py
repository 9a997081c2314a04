"""The clips of the user: folders whose files are the frames of a clip."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
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

    The frames of a clip are in the order of the numbers in their names, so that 10.png follows 9.png.

    Args:
        files: the frames.

    Raises:
        UserError: a clip has one frame only.
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
        clips.append(Clip(ClassFile(first.path.parent, name, first.label, first.part), tuple(frames)))
    return tuple(clips)


def natural_key(name: str) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts names by the numbers in them.

    Examples:
        >>> sorted(["f10.png", "f9.png", "f1.png"], key=natural_key)
        ['f1.png', 'f9.png', 'f10.png']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return tuple((int(part), part) if part[0] in "0123456789" else (-1, part) for part in parts)
