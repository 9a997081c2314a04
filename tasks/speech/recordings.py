"""The wav files of a release of Speech Commands, wherever they lie: in folders, or in archives that stay packed."""

import hashlib
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from gatebench.errors import UserError
from tasks.data.files import read_file, read_verified
from tasks.data.tarballs import iterate_members, open_verified

NOISE = "_background_noise_"
LISTS = {"validation": "validation_list.txt", "testing": "testing_list.txt"}
WAV = re.compile(rf"([a-z]+|{NOISE})/\w[\w-]*\.wav", re.ASCII)

Contents = Iterator[tuple[str, bytes]]


@dataclass(frozen=True)
class Recordings:
    """What a release holds.

    Attributes:
        clips: names such as "go/004ae714_nohash_0.wav", sorted.
        others: the two lists and the recordings of background noise, by name.
        read: yields the chosen clips with their bytes, in the order in which they lie.
    """

    clips: tuple[str, ...]
    others: Mapping[str, bytes]
    read: Callable[[Collection[str]], Contents]

    @property
    def noise(self) -> dict[str, bytes]:
        """The recordings of background noise by name, sorted; there may be none."""
        return {name: self.others[name] for name in sorted(self.others) if name.startswith(NOISE)}

    def lists(self) -> dict[str, frozenset[str]]:
        """Return the clips that the official lists put into "validation" and into "testing".

        Raises:
            UserError: a list is missing, or is no text.
        """
        return {part: self._list(file) for part, file in LISTS.items()}

    def _list(self, file: str) -> frozenset[str]:
        if file not in self.others:
            raise UserError(f"The recordings come without {file}.")
        try:
            return frozenset(self.others[file].decode("ascii").split())
        except UnicodeDecodeError:
            raise UserError(f"{file} holds bytes that are no text.") from None


def in_folders(folder: Path) -> Recordings:
    """Return what lies unpacked: a folder of clips for each word, one of noise, and the two lists. None is verified.

    Raises:
        UserError: a file cannot be read.
    """
    paths = [*folder.glob("*/*.wav"), *(path for file in LISTS.values() if (path := folder / file).exists())]
    names = sorted(name for path in paths if (name := _name_of(path.relative_to(folder).as_posix())))

    def read(chosen: Collection[str]) -> Contents:
        return ((name, read_file(folder / name)) for name in sorted(chosen))

    return Recordings(tuple(filter(_is_clip, names)), dict(read([n for n in names if not _is_clip(n)])), read)


def in_archive(path: Path, sha256: str, home: str) -> Recordings:
    """Return what a release's one archive holds. It is verified whenever it is read, and unpacked in memory alone.

    Raises:
        UserError: it cannot be read, or is not the one published at `home`.
    """

    def read(chosen: Collection[str] | None) -> Contents:
        with closing(open_verified(path, sha256, home)) as file:
            for name, content in iterate_members(file, path, _name_of):
                if chosen is None:
                    yield name, b"" if _is_clip(name) else content()
                elif name in chosen:
                    yield name, content()

    found = dict(read(None))
    others = {name: content for name, content in found.items() if not _is_clip(name)}
    return Recordings(tuple(sorted(filter(_is_clip, found))), others, read)


def in_word_archives(paths: Iterable[tuple[Path, str]], home: str) -> Recordings:
    """Return what archives of single words and lists beside them hold, all in memory. Each comes with its SHA-256.

    Raises:
        UserError: a file cannot be read, or is another.
    """
    found: dict[str, bytes] = {}
    for path, sha256 in paths:
        data = read_verified(path, sha256, home)
        if path.name in LISTS.values():
            found[path.name] = data
        else:
            found |= {name: content() for name, content in iterate_members(io.BytesIO(data), path, _name_of)}
    others = {name: content for name, content in found.items() if not _is_clip(name)}
    clips = tuple(sorted(filter(_is_clip, found)))
    return Recordings(clips, others, lambda chosen: ((name, found[name]) for name in sorted(chosen)))


def checksums_of(contents: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Return the SHA-256 of each file, by name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents}


def digest_of(sums: Mapping[str, str]) -> str:
    """Return one SHA-256 for many files: that of the lines which `sha256sum` prints for them, sorted by name."""
    return hashlib.sha256("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()).hexdigest()


def held_to(recordings: Recordings, sums: Mapping[str, str]) -> Recordings:
    """Return the recordings with the clips in `sums` alone, each of which is given only as it was summed.

    Raises:
        UserError: later, when a clip is read that has changed.
    """

    def read(chosen: Collection[str]) -> Contents:
        for name, content in recordings.read(chosen):
            if hashlib.sha256(content).hexdigest() != sums[name]:
                raise UserError(f"{name} changed while it was read.")
            yield name, content

    return replace(recordings, clips=tuple(sorted(filter(_is_clip, sums))), read=read)


def _name_of(path: str) -> str | None:
    """Return "word/file.wav" or the name of a list, from what ends the path; None for anything else."""
    parts = PurePosixPath(path).parts
    name = "/".join(parts[-2:])
    return name if WAV.fullmatch(name) else parts[-1] if parts and parts[-1] in LISTS.values() else None


def _is_clip(name: str) -> bool:
    return "/" in name and not name.startswith(NOISE)
