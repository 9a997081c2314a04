"""The wav files and the lists of a release of Speech Commands, in folders or in archives.

Archives are not unpacked to disk.
"""

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

NOISE_FOLDER = "_background_noise_"
LISTS = {"validation": "validation_list.txt", "testing": "testing_list.txt"}
WAV_NAME = re.compile(rf"([a-z]+|{NOISE_FOLDER})/\w[\w-]*\.wav", re.ASCII)

Contents = Iterator[tuple[str, bytes]]
"""The names and the bytes of files."""


@dataclass(frozen=True)
class Recordings:
    """The files of a release.

    Attributes:
        clips: the names of the recordings of words, such as "go/004ae714_nohash_0.wav", sorted.
        others: the bytes of the two lists and of the recordings of background noise, by name.
        read: yields the name and the bytes of each chosen clip, in the order in which they are stored.
    """

    clips: tuple[str, ...]
    others: Mapping[str, bytes]
    read: Callable[[Collection[str]], Contents]

    @property
    def noise(self) -> dict[str, bytes]:
        """The bytes of the recordings of background noise by name, sorted; empty if there are none."""
        return {name: self.others[name] for name in sorted(self.others) if name.startswith(NOISE_FOLDER)}

    def lists(self) -> dict[str, frozenset[str]]:
        """Return the names of the clips for "validation" and for "testing" by the official lists.

        Raises:
            UserError: a list is missing, or is not text.
        """
        return {part: self._list(file) for part, file in LISTS.items()}

    def _list(self, file: str) -> frozenset[str]:
        if file not in self.others:
            raise UserError(f"The recordings lack {file}.")
        try:
            return frozenset(self.others[file].decode("ascii").split())
        except UnicodeDecodeError:
            raise UserError(f"{file} contains bytes that are not text.") from None


def from_folders(folder: Path) -> Recordings:
    """Return the recordings of an unpacked release. The files are not verified.

    Args:
        folder: contains a folder of clips for each word, a folder of noise, and the two lists.

    Raises:
        UserError: a file cannot be read.
    """
    lists = [folder / file for file in LISTS.values()]
    paths = [*folder.glob("*/*.wav"), *(path for path in lists if path.exists())]
    names = sorted(name for path in paths if (name := _name_of(path.relative_to(folder).as_posix())))

    def read(chosen: Collection[str]) -> Contents:
        return ((name, read_file(folder / name)) for name in sorted(chosen))

    clips = tuple(filter(_is_clip, names))
    others = dict(read([name for name in names if not _is_clip(name)]))
    return Recordings(clips, others, read)


def from_archive(path: Path, sha256: str, source_url: str) -> Recordings:
    """Return the recordings of a release from its archive. The archive is verified whenever it is read.

    Args:
        path: the archive.
        sha256: the SHA-256 of the archive.
        source_url: the address where the archive is published, for messages.

    Raises:
        UserError: the archive cannot be read, or is not the published one.
    """

    def read(chosen: Collection[str] | None) -> Contents:
        """Yield the chosen clips; for None all files, the clips without their bytes."""
        with closing(open_verified(path, sha256, source_url)) as file:
            for name, content in iterate_members(file, path, _name_of):
                if chosen is None:
                    yield name, b"" if _is_clip(name) else content()
                elif name in chosen:
                    yield name, content()

    files = dict(read(None))
    others = {name: content for name, content in files.items() if not _is_clip(name)}
    return Recordings(tuple(sorted(filter(_is_clip, files))), others, read)


def from_word_archives(paths: Iterable[tuple[Path, str]], source_url: str) -> Recordings:
    """Return the recordings from archives of single words and from lists. All files are kept in memory.

    Args:
        paths: the path and the SHA-256 of each archive and each list.
        source_url: the address where the files are published, for messages.

    Raises:
        UserError: a file cannot be read, or is not the published one.
    """
    files: dict[str, bytes] = {}
    for path, sha256 in paths:
        data = read_verified(path, sha256, source_url)
        if path.name in LISTS.values():
            files[path.name] = data
        else:
            files |= {name: content() for name, content in iterate_members(io.BytesIO(data), path, _name_of)}
    others = {name: content for name, content in files.items() if not _is_clip(name)}
    clips = tuple(sorted(filter(_is_clip, files)))
    return Recordings(clips, others, lambda chosen: ((name, files[name]) for name in sorted(chosen)))


def checksums_of(contents: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    """Return the SHA-256 of each file, by name."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents}


def digest_of(sums: Mapping[str, str]) -> str:
    """Return the SHA-256 of a list of checksums: of the lines that `sha256sum` prints for the files, sorted by name."""
    return hashlib.sha256("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()).hexdigest()


def with_checksums(recordings: Recordings, sums: Mapping[str, str]) -> Recordings:
    """Return the recordings with only the clips in `sums`. Each clip is compared with its checksum when it is read.

    Raises:
        UserError: on reading, a clip has changed.
    """

    def read(chosen: Collection[str]) -> Contents:
        for name, content in recordings.read(chosen):
            if hashlib.sha256(content).hexdigest() != sums[name]:
                raise UserError(f"{name} changed while it was read.")
            yield name, content

    return replace(recordings, clips=tuple(sorted(filter(_is_clip, sums))), read=read)


def _name_of(path: str) -> str | None:
    """Return "word/file.wav" or the name of a list from the end of a path; None for another file."""
    parts = PurePosixPath(path).parts
    name = "/".join(parts[-2:])
    if WAV_NAME.fullmatch(name):
        return name
    return parts[-1] if parts and parts[-1] in LISTS.values() else None


def _is_clip(name: str) -> bool:
    return "/" in name and not name.startswith(NOISE_FOLDER)
