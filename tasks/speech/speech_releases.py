"""The releases of Speech Commands: their words, their checksums and the places of their files."""

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
    from_archive,
    from_folders,
    from_word_archives,
    with_checksums,
)
from tasks.speech.speakers import listed_part

SOURCE_URL = "http://download.tensorflow.org/data/"
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COMMANDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
OTHERS = ("bed", "bird", "cat", "dog", "happy", "house", "marvin", "sheila", "tree", "wow")
NEW_WORDS = ("backward", "follow", "forward", "learn", "visual")  # in v0.02
WORDS: Mapping[str, tuple[str, ...]] = {
    "v0.01_subset": ("down", "eight", "five", "go", "left", "one", "right", "up", "zero"),
    "v0.01": tuple(sorted(COMMANDS + DIGITS + OTHERS)),
    "v0.02": tuple(sorted(COMMANDS + DIGITS + OTHERS + NEW_WORDS)),
}
ARCHIVES = {
    "v0.01": "743935421bb51cccdb6bdd152e04c5c70274e935c82119ad7faeec31780d811d",
    "v0.02": "af14739ee7dc311471de98f5f9d2c9191b18aedfe957f4a6ff791c709868ff58",
}
"""The published SHA-256 of the archive of each whole release."""

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
"""The SHA-256 of the archive of each word of the subset, such as "down.tar.xz"."""

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
"""The `digest_of` the clips of each word of the subset, in any layout."""

LIST_FILES = {
    "validation_list.txt": "0993bb1e67efd5904c2a2fd0d8eb5ef420f4f5258f3fab2be602980082248cf7",
    "testing_list.txt": "3984cc8eaa0e96e3d657b62f954ff701389f96fa17648c730eb1e0439a1a37d6",
}
"""The SHA-256 of the lists of v0.01."""

FIRST_CLIPS = {"training": 500, "validation": 50}
"""The number of clips of a word that the subset has from each part of v0.01: the first ones by name.

For validation it has twice as many of "right".
"""


def check_words(version: str, words: object) -> None:
    """Check that the field `words` contains different words of a version, or none.

    Raises:
        UserError: it contains something else.
    """
    if isinstance(words, str) or not isinstance(words, Sequence):
        raise out_of_range("task.words", words, "a list such as [down,go], or [] for all words")
    for index, word in enumerate(words):
        check_choice(f"words of {version}", word, WORDS[version])
        if word in words[:index]:
            raise out_of_range("task.words", list(words), "different words")


def checksums(version: str, words: Sequence[str], content_sha256: str | None) -> dict[str, str]:
    """Return the SHA-256 of each file that is read for these words. Other layouts of the same data do not change it."""
    if version in ARCHIVES:
        if content_sha256 is None:
            return {_archive_name(version): ARCHIVES[version]}
        return {f"speech_commands_{version}": content_sha256}
    return {f"{word}.tar.xz": WORD_ARCHIVES[word] for word in words} | LIST_FILES


def check_recordings(root: Path, version: str, words: Sequence[str], content_sha256: str | None) -> None:
    """Check that a release exists in one of the layouts of `find_recordings`. Nothing is read.

    Args:
        root: the data root.
        version: a key of `WORDS`.
        words: the words to read, for the subset only.
        content_sha256: see `find_recordings`.

    Raises:
        MissingFile: the release is not below the data root.
    """
    if version == "v0.01_subset":
        _find_subset(root, words)
    elif content_sha256 is not None:
        find_file(root, folders_of(version), (LISTS["validation"],), SOURCE_URL)
    else:  # an unpacked release without `content_sha256` is refused when it is read, with its digest
        names = (_archive_name(version), LISTS["validation"])
        find_file(root, folders_of(version), names, SOURCE_URL, dataset=f"speech_commands_{version}")


def find_recordings(root: Path, version: str, words: Sequence[str], content_sha256: str | None) -> Recordings:
    """Return the recordings of a release, verified now or when they are read.

    The first layout that exists is used: the archives of the subset, the folders of the unpacked official archive, the
    official archive. A damaged layout is an error, even if another layout exists.

    Args:
        root: the data root.
        version: a key of `WORDS`.
        words: the words to read, for the subset only.
        content_sha256: None reads the archive of a whole release. A SHA-256 reads an unpacked release, for which no
            checksum is published, if `digest_of` gives this SHA-256.

    Raises:
        MissingFile: the release is not below the data root.
        UserError: a file cannot be read, or is not the published one.
    """
    if version == "v0.01_subset":
        return _subset(root, words)
    if content_sha256 is not None:
        folder = find_file(root, folders_of(version), (LISTS["validation"],), SOURCE_URL).parent
        return _unpacked_release(folder, content_sha256)
    dataset = f"speech_commands_{version}"
    try:
        path = find_file(root, folders_of(version), (_archive_name(version),), SOURCE_URL, dataset=dataset)
    except MissingFile:
        _refuse_unpacked_release(root, version)
        raise
    return from_archive(path, ARCHIVES[version], SOURCE_URL)


def _find_subset(root: Path, words: Sequence[str]) -> Path:
    """Return the path of a file that shows the layout of the subset: an archive of a word, a list, or v0.01."""
    folders = ("speech_commands_v0.01_subset", *folders_of("v0.01"))
    names = (f"{words[0]}.tar.xz", LISTS["validation"], _archive_name("v0.01"))
    return find_file(root, folders, names, SOURCE_URL, dataset="speech_commands_v0.01")


def _subset(root: Path, words: Sequence[str]) -> Recordings:
    """Return the recordings of some words of the subset, from its own archives, from v0.01, or from v0.01 unpacked."""
    path = _find_subset(root, words)
    if path.name == f"{words[0]}.tar.xz":
        files = {f"{word}.tar.xz": WORD_ARCHIVES[word] for word in words} | LIST_FILES
        return from_word_archives([(path.parent / file, sha256) for file, sha256 in files.items()], SOURCE_URL)
    if path.name == _archive_name("v0.01"):
        release = from_archive(path, ARCHIVES["v0.01"], SOURCE_URL)
        return replace(release, clips=tuple(sorted(clip for word in words for clip in _first_clips(release, word))))
    return _unpacked_subset(path.parent, words)


def _unpacked_subset(folder: Path, words: Sequence[str]) -> Recordings:
    """Return the recordings of some words of the subset from v0.01 unpacked."""
    missing = [word for word in words if not (folder / word).is_dir()]
    if missing:
        raise MissingFile(
            f"{folder} has neither {missing[0]}.tar.xz nor {missing[0]}; the official source is {SOURCE_URL}."
        )
    for file, sha256 in LIST_FILES.items():
        read_verified(folder / file, sha256, SOURCE_URL)
    release = from_folders(folder)
    sums: dict[str, str] = {}
    for word in words:
        word_sums = checksums_of(release.read(_first_clips(release, word)))
        if (digest := digest_of(word_sums)) != WORD_CLIPS[word]:
            raise UserError(
                f"{folder / word} does not have the published clips of the subset: the digest of its "
                f"{len(word_sums):,} clips is {digest}, not {WORD_CLIPS[word]}; the official source is {SOURCE_URL}."
            )
        sums |= word_sums
    return with_checksums(release, sums)


def _first_clips(release: Recordings, word: str) -> list[str]:
    """Return the names of the clips of a word that belong to the subset."""
    lists = release.lists()
    word_clips = [clip for clip in release.clips if clip.startswith(f"{word}/")]
    chosen: list[str] = []
    for part, count in FIRST_CLIPS.items():
        part_clips = [clip for clip in word_clips if listed_part(clip, lists) == part]
        chosen += part_clips[: count * (2 if (part, word) == ("validation", "right") else 1)]
    return chosen


def _refuse_unpacked_release(root: Path, version: str) -> None:
    """Raise an error with the digest of an unpacked release, if there is one."""
    try:
        folder = find_file(root, folders_of(version), (LISTS["validation"],), SOURCE_URL).parent
    except MissingFile:
        return
    release = from_folders(folder)
    digest = digest_of(_all_checksums(release))
    raise UserError(
        f"{folder} has {len(release.clips):,} unpacked clips, for which no checksum is published: put "
        f"{_archive_name(version)} there, or set task.content_sha256={digest} to read exactly these clips."
    )


def _unpacked_release(folder: Path, content_sha256: str) -> Recordings:
    """Return the recordings of an unpacked release, if they have this digest."""
    release = from_folders(folder)
    sums = _all_checksums(release)
    if (digest := digest_of(sums)) != content_sha256:
        raise UserError(
            f"{folder} does not have the files that task.content_sha256 names: their digest is {digest}, "
            f"not {content_sha256}."
        )
    return with_checksums(release, sums)


def _all_checksums(release: Recordings) -> dict[str, str]:
    """Return the SHA-256 of every file of a release, by name."""
    return checksums_of([*release.others.items(), *release.read(release.clips)])


def folders_of(version: str) -> tuple[str, ...]:
    """Return the folders of a release below the data root: of its own name, of torchaudio, or the root itself."""
    return f"speech_commands_{version}", f"SpeechCommands/speech_commands_{version}", "SpeechCommands", "."


def _archive_name(version: str) -> str:
    return f"speech_commands_{version}.tar.gz"
