"""The releases of Speech Commands: their words, their checksums, and where their files are looked for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gatebench.errors import UserError, out_of_range
from tasks.blocks.validation import check_choice
from tasks.data.files import MissingFile, find_file, read_verified
from tasks.speech.recordings import (
    LISTS,
    Recordings,
    checksums_of,
    digest_of,
    held_to,
    in_archive,
    in_folders,
    in_word_archives,
)
from tasks.speech.speakers import listed_part

HOME = "http://download.tensorflow.org/data/"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
OTHERS = ("bed", "bird", "cat", "dog", "happy", "house", "marvin", "sheila", "tree", "wow")
ADDED = ("backward", "follow", "forward", "learn", "visual")  # in v0.02
WORDS: Mapping[str, tuple[str, ...]] = {
    "v0.01_subset": ("down", "eight", "five", "go", "left", "one", "right", "up", "zero"),
    "v0.01": tuple(sorted(COMMANDS + DIGITS + OTHERS)),
    "v0.02": tuple(sorted(COMMANDS + DIGITS + OTHERS + ADDED)),
}
ARCHIVES = {
    "v0.01": "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
    "v0.02": "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
}
"""SHA-256 of "speech_commands_v0.01.tar.gz" and its successor, as published."""

WORD_ARCHIVES = {
    "down": "d516b77d7c80d7dfd7d6ad43f9d4801784c02aee810b5960e60cce5ba751c22e",
    "eight": "7d9ca1331710b263d6b243bf0038fc0ce153b12a522e953e0cffc0b17213c6c1",
    "five": "53125fde338834c1f9abc046f7c95036d7868163e2b7a314e5ab0917cc8a660b",
    "go": "7fadb87a353ab174d7f31fea8f2f3795838c325e3d61ff56330ab71afae1c37d",
    "left": "ac1be6fab3e239d481a4395c78dba49fbdd40f9cc44322c323f52eb80e0dd7d3",
    "one": "c3a479e4cc496641c7ece51372ae9b41b17574e23a5690082257b30bbf0a6876",
    "right": "566d84a51f98eb271e976f1a0bea252fe7f6bd88f654eed1b532804ad2ead3c4",
    "up": "dd525cf5730d349499fc34dd970467102ef9cacd98673d093e8e1ebfe4aa00a6",
    "zero": "39ab189e7707d789532c5aad86a24c89ff1055e056b72373c78e19cb08a681a3",
}
"""SHA-256 of "down.tar.xz" and the others of the subset."""

WORD_CLIPS = {
    "down": "1b2cfdf12a0c55214858e496aa9ed0c18c241ca62aa5211c191dde925392b22c",
    "eight": "fdc51270681a715a452a564deb113bfd64d01c1880e01a5de6d231aa9c5e237a",
    "five": "48600873304885be524bac348f2c8f9d9472b91a51df7d2d006cb6421ea78b63",
    "go": "c34ce3f7ffa469f3ca1a0fa65359d1eed8160192cd0a58b9e81bb6be57d05ff1",
    "left": "45d49bfd35101ba70603c9bbb121bf9b3d00e8409b825681395504441c5a6a2f",
    "one": "8feb455414ffc3932c80beba75499be47ffea50c80e58ccaba01d9d438022bac",
    "right": "3fdfd97d3460ff1ea0638e00dcea7a4032259dbdc83245cd19a899c9fc637104",
    "up": "622d5b3022dc1207aa305d7798f5ca3ab451bb0b5581d1f7ed5fd7a3a5badcc0",
    "zero": "55d90a2c41858d4ebb05fd161ff8f2e1e9a82193da29564c2dca39aa9038805f",
}
"""`digest_of` the clips of the subset, wherever they lie."""

LIST_FILES = {
    "validation_list.txt": "0993bb1e67efd5904c2a2fd0d8eb5ef420f4f5258f3fab2be602980082248cf7",
    "testing_list.txt": "3984cc8eaa0e96e3d657b62f954ff701389f96fa17648c730eb1e0439a1a37d6",
}
"""SHA-256 of the lists of v0.01."""

FIRST_CLIPS = {"training": 500, "validation": 50}
"""How many of a word's clips in each part the subset has, the first ones by name; and twice as many of "right"."""


def check_words(version: str, words: object) -> None:
    """Check that the field `words` holds different words of a version, or none.

    Raises:
        UserError: it does not.
    """
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise out_of_range("task.words", words, "a list such as [down,go], or [] for all words")
    for number, word in enumerate(words):
        check_choice(f"words of {version}", word, WORDS[version])
        if word in words[:number]:
            raise out_of_range("task.words", list(words), "different words")


def checksums(version: str, words: Sequence[str], content: str | None) -> dict[str, str]:
    """Return {file: sha256} of what is read for these words; other layouts stand for the same data."""
    if version in ARCHIVES:
        return {_archive(version): ARCHIVES[version]} if content is None else {f"speech_commands_{version}": content}
    return {f"{word}.tar.xz": WORD_ARCHIVES[word] for word in words} | LIST_FILES


def find_recordings(root: Path, version: str, words: Sequence[str], content: str | None) -> Recordings:
    """Return a release's recordings, or of the subset those of the given words; verified, or when they are read.

    Of the layouts it takes the first that is there: the archives of the subset, the folders that the official archive
    unpacks to, that archive. What is damaged is never passed over for another.

    Args:
        root: the data root.
        version: a key of `WORDS`.
        words: of the subset, those that are wanted.
        content: for a whole release in folders, the SHA-256 that `digest_of` must give for it, since none is published;
            None reads the archive.

    Raises:
        MissingFile: nothing is there.
        UserError: a file cannot be read, or is not what it should be.
    """
    if version == "v0.01_subset":
        return _subset(root, words)
    folders = folders_of(version)
    if content is None:
        try:
            return in_archive(find_file(root, folders, (_archive(version),), HOME), ARCHIVES[version], HOME)
        except MissingFile:
            _refuse_unpinned(root, version)
            raise
    return _pinned(find_file(root, folders, (LISTS["validation"],), HOME).parent, content)


def _subset(root: Path, words: Sequence[str]) -> Recordings:
    folders = ("speech_commands_v0.01_subset", *folders_of("v0.01"))
    names = (f"{words[0]}.tar.xz", LISTS["validation"], _archive("v0.01"))
    found = find_file(root, folders, names, HOME)
    if found.name == names[0]:
        files = {f"{word}.tar.xz": WORD_ARCHIVES[word] for word in words} | LIST_FILES
        return in_word_archives([(found.parent / file, sha256) for file, sha256 in files.items()], HOME)
    if found.name == names[2]:
        archive = in_archive(found, ARCHIVES["v0.01"], HOME)
        return replace(archive, clips=tuple(sorted(clip for word in words for clip in _first_clips(archive, word))))
    missing = [word for word in words if not (found.parent / word).is_dir()]
    if missing:
        raise MissingFile(
            f"{found.parent} has neither {missing[0]}.tar.xz nor {missing[0]}; the official home is {HOME}."
        )
    for file, sha256 in LIST_FILES.items():
        read_verified(found.parent / file, sha256, HOME)
    unpacked = in_folders(found.parent)
    sums: dict[str, str] = {}
    for word in words:
        of_word = checksums_of(unpacked.read(_first_clips(unpacked, word)))
        if (digest := digest_of(of_word)) != WORD_CLIPS[word]:
            raise UserError(
                f"{found.parent / word} does not hold the clips of the subset as published: of the {len(of_word):,} "
                f"that it should have, the digest is {digest}, not {WORD_CLIPS[word]}; the official home is {HOME}."
            )
        sums |= of_word
    return held_to(unpacked, sums)


def _first_clips(recordings: Recordings, word: str) -> list[str]:
    """Return the clips of a word that the subset has."""
    lists, chosen = recordings.lists(), []
    clips = [clip for clip in recordings.clips if clip.startswith(f"{word}/")]
    for part, count in FIRST_CLIPS.items():
        of_part = [clip for clip in clips if listed_part(clip, lists) == part]
        chosen += of_part[: count * (2 if (part, word) == ("validation", "right") else 1)]
    return chosen


def _refuse_unpinned(root: Path, version: str) -> None:
    """Say which digest an unpacked release has, if there is one."""
    try:
        folder = find_file(root, folders_of(version), (LISTS["validation"],), HOME).parent
    except MissingFile:
        return
    recordings = in_folders(folder)
    digest = digest_of(checksums_of([*recordings.others.items(), *recordings.read(recordings.clips)]))
    raise UserError(
        f"{folder} holds {len(recordings.clips):,} unpacked clips, for which no checksum is published: put "
        f"{_archive(version)} there, or set task.content_sha256={digest} to read just what lies there now."
    )


def _pinned(folder: Path, content: str) -> Recordings:
    recordings = in_folders(folder)
    sums = checksums_of([*recordings.others.items(), *recordings.read(recordings.clips)])
    if (digest := digest_of(sums)) != content:
        raise UserError(f"{folder} holds other files than task.content_sha256 says: it is {digest}, not {content}.")
    return held_to(recordings, sums)


def folders_of(version: str) -> tuple[str, ...]:
    """Return where a release is looked for: under its own name, as torchaudio puts it, or in the root itself."""
    return f"speech_commands_{version}", f"SpeechCommands/speech_commands_{version}", "SpeechCommands", "."


def _archive(version: str) -> str:
    return f"speech_commands_{version}.tar.gz"
