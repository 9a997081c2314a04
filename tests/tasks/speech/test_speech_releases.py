import hashlib
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.speech import speech_releases
from tasks.speech.recordings import checksums_of, digest_of
from tasks.speech.speakers import hashed_part
from tasks.speech.speech_releases import (
    ARCHIVES,
    LIST_FILES,
    WORD_ARCHIVES,
    WORD_CLIPS,
    WORDS,
    check_words,
    checksums,
    find_recordings,
)
from tests.tasks.real_data import data_root, skipping_without_files
from tests.tasks.speech.small_speech import (
    Files,
    expect,
    small_lists,
    write_files,
    write_small_release,
    write_small_subset,
)

SUBSET = "v0.01_subset"
TWO = ("go", "right")
FEW = {"training": 6, "validation": 4}


def first_clips(clips: Files, word: str, counts: dict[str, int]) -> Files:
    """The first clips of a word by name in each part."""
    names = sorted(name for name in clips if name.startswith(f"{word}/"))
    kept = [[n for n in names if hashed_part(n) == part][:count] for part, count in counts.items()]
    return {name: clips[name] for part in kept for name in part}


def expect_clips(patch: pytest.MonkeyPatch, release: Files) -> Files:
    """Patch the subset to be the first six and four clips of each word, eight of "right", and return these clips."""
    patch.setattr(speech_releases, "FIRST_CLIPS", {"training": 6, "validation": 4})
    chosen: Files = {}
    for word in TWO:
        of_word = first_clips(release, word, {"training": 6, "validation": 8 if word == "right" else 4})
        patch.setitem(speech_releases.WORD_CLIPS, word, digest_of(checksums_of(of_word.items())))
        chosen |= of_word
    expect(patch, speech_releases.LIST_FILES, small_lists([n for n in release if n.startswith(WORDS["v0.01"])]))
    return chosen


@pytest.mark.parametrize("folder", ["speech_commands_v0.01_subset", "speech_commands_v0.01", "."])
def test_the_subset_from_archives_of_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    clips = write_small_subset(tmp_path, monkeypatch, TWO, FEW)
    (tmp_path / "speech_commands_v0.01_subset").rename(tmp_path / "elsewhere")
    (tmp_path / folder).mkdir(exist_ok=True)
    for file in (tmp_path / "elsewhere").iterdir():
        file.rename(tmp_path / folder / file.name)
    recordings = find_recordings(tmp_path, SUBSET, TWO, None)
    assert dict(recordings.read(recordings.clips)) == clips


@pytest.mark.parametrize(
    "folder", ["speech_commands_v0.01_subset", "speech_commands_v0.01", "SpeechCommands/speech_commands_v0.01", "."]
)
def test_the_subset_from_an_unpacked_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str) -> None:
    release = write_small_release(tmp_path / "packed", monkeypatch, TWO)
    chosen = expect_clips(monkeypatch, release)
    write_files(tmp_path / folder, release)
    recordings = find_recordings(tmp_path, SUBSET, TWO, None)
    assert dict(recordings.read(recordings.clips)) == chosen


def test_the_subset_from_the_official_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = expect_clips(monkeypatch, write_small_release(tmp_path, monkeypatch, (*TWO, "bed")))
    recordings = find_recordings(tmp_path, SUBSET, TWO, None)
    assert dict(recordings.read(recordings.clips)) == chosen


def test_a_changed_clip_in_an_unpacked_release_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = write_small_release(tmp_path / "packed", monkeypatch, TWO)
    chosen = sorted(expect_clips(monkeypatch, release))
    write_files(tmp_path / "speech_commands_v0.01", release | {chosen[-1]: release[chosen[0]]})
    with pytest.raises(UserError, match=r"right does not have the published clips of the subset: .* 14 "):
        find_recordings(tmp_path, SUBSET, TWO, None)
    recordings = find_recordings(tmp_path, SUBSET, ("go",), None)  # its clips have not changed
    assert len(recordings.clips) == 10


def test_a_changed_list_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_subset(tmp_path, monkeypatch, TWO, FEW)
    path = tmp_path / "speech_commands_v0.01_subset" / "validation_list.txt"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"validation_list\.txt \([\d,]+ bytes\) is not the published file"):
        find_recordings(tmp_path, SUBSET, TWO, None)


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty", "gone"])
def test_a_damaged_archive_of_a_word_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    write_small_subset(tmp_path, monkeypatch, TWO, FEW)
    path = tmp_path / "speech_commands_v0.01_subset" / "right.tar.xz"
    data = path.read_bytes()
    path.write_bytes({"truncated": data[:-9], "changed": data[:-1] + b"?", "empty": b"", "gone": b""}[damage])
    if damage == "gone":
        path.unlink()
    with pytest.raises(UserError, match=r"right\.tar\.xz .*(is not the published file|cannot be read)"):
        find_recordings(tmp_path, SUBSET, TWO, None)


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        find_recordings(tmp_path, SUBSET, TWO, None)
    for part in ("go.tar.xz", "validation_list.txt", "speech_commands_v0.01.tar.gz", str(tmp_path), "tensorflow.org"):
        assert part in str(caught.value)
    for content in (None, "0" * 64):
        with pytest.raises(MissingFile, match=r"speech_commands_v0\.02"):
            find_recordings(tmp_path, "v0.02", (), content)


def test_lists_without_the_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_subset(tmp_path, monkeypatch, TWO, FEW)
    (tmp_path / "speech_commands_v0.01_subset" / "go.tar.xz").unlink()
    with pytest.raises(MissingFile, match=r"has neither go\.tar\.xz nor go; the official source is http"):
        find_recordings(tmp_path, SUBSET, TWO, None)


@pytest.mark.parametrize("version", ["v0.01", "v0.02"])
def test_a_release_from_its_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    release = write_small_release(tmp_path, monkeypatch, TWO, version=version)
    recordings = find_recordings(tmp_path, version, (), None)
    assert dict(recordings.read(recordings.clips)) == {n: c for n, c in release.items() if n.startswith(TWO)}
    assert len(recordings.noise) == 2
    path = tmp_path / f"speech_commands_{version}.tar.gz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="is not the published file"):
        find_recordings(tmp_path, version, (), None)


def test_an_unpacked_release_is_read_if_its_digest_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = write_small_release(tmp_path / "packed", monkeypatch, TWO)
    folder = tmp_path / "speech_commands_v0.01"
    write_files(folder, release)
    with pytest.raises(UserError, match=r"has 104 unpacked clips, .* set task\.content_sha256=\w{64} ") as caught:
        find_recordings(tmp_path, "v0.01", (), None)
    digest = str(caught.value).partition("content_sha256=")[2][:64]
    recordings = find_recordings(tmp_path, "v0.01", (), digest)
    assert dict(recordings.read(recordings.clips)) == {n: c for n, c in release.items() if n.startswith(TWO)}
    (folder / "_background_noise_" / "rain.wav").write_bytes(b"")
    with pytest.raises(
        UserError, match=r"does not have the files that task\.content_sha256 names: their digest is \w{64}, "
    ):
        find_recordings(tmp_path, "v0.01", (), digest)


def test_checksums_are_of_the_files_that_are_read() -> None:
    found = checksums(SUBSET, TWO, None)
    assert found == {f"{word}.tar.xz": WORD_ARCHIVES[word] for word in TWO} | LIST_FILES
    assert checksums("v0.02", WORDS["v0.02"], None) == {"speech_commands_v0.02.tar.gz": ARCHIVES["v0.02"]}
    assert checksums("v0.01", WORDS["v0.01"], "0" * 64) == {"speech_commands_v0.01": "0" * 64}


def test_tables_agree() -> None:
    assert set(WORDS[SUBSET]) == set(WORD_ARCHIVES) == set(WORD_CLIPS) < set(WORDS["v0.01"]) < set(WORDS["v0.02"])
    assert {version: len(words) for version, words in WORDS.items()} == {SUBSET: 9, "v0.01": 30, "v0.02": 35}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["down", "yes"], r"There is no task\.words of v0\.01_subset 'yes'.* Allowed: down, eight, .*"),
        (["down", True], r"There is no task\.words of v0\.01_subset 'True'.*"),
        ([["down"]], r"There is no task\.words of .*"),
        (["down", "go", "down"], r"task\.words is \['down', 'go', 'down'\]; it must be different words\."),
        ("down", r"task\.words is 'down'; it must be a list such as .*"),
        (None, r"task\.words is None; it must be a list such as .*"),
    ],
)
def test_impossible_words_are_refused(words: object, message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        check_words(SUBSET, words)


def test_words_of_a_version_are_accepted() -> None:
    for words in ([], ["down"], ("up", "down")):
        check_words(SUBSET, words)


def test_real_files() -> None:
    with skipping_without_files():
        recordings = find_recordings(data_root(), SUBSET, ("right",), None)
    assert len(recordings.clips) == 600
    assert digest_of(checksums_of(recordings.read(recordings.clips))) == WORD_CLIPS["right"]
    for file, sha256 in LIST_FILES.items():
        assert hashlib.sha256(recordings.others[file]).hexdigest() == sha256
    assert not recordings.noise
