import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.speech.recordings import (
    Recordings,
    checksums_of,
    digest_of,
    from_archive,
    from_folders,
    from_word_archives,
    with_checksums,
)
from tests.tasks.data.archives import tar_bytes
from tests.tasks.speech.small_speech import Files, sha256, small_clips, small_lists, small_noise, write_files

WORDS = ("go", "up")
SOURCE_URL = "https://example.org/"


@pytest.fixture(scope="module")
def files() -> Files:
    clips = small_clips(WORDS, {"training": 4, "validation": 2, "testing": 2})
    return clips | small_lists(clips) | small_noise(1)


def clips_of(files: Files) -> list[str]:
    return sorted(name for name in files if name.startswith(WORDS))


def unpacked(folder: Path, files: Files) -> Recordings:
    extra = {"README.md": b"# ", "go/notes.txt": b"", "go/.hidden.wav": b"", "Go/a.wav": b"", "go/deep/a_b.wav": b""}
    write_files(folder, files | extra)
    return from_folders(folder)


def packed(folder: Path, files: Files, prefix: str = "./") -> Recordings:
    data = tar_bytes(files | {"README.md": b"# ", "go/.hidden.wav": b""}, "gz", prefix)
    write_files(folder, {"all.tar.gz": data})
    return from_archive(folder / "all.tar.gz", sha256(data), SOURCE_URL)


def by_word(folder: Path, files: Files) -> Recordings:
    archives = {
        f"{word}.tar.xz": tar_bytes({n: c for n, c in files.items() if n.startswith(f"{word}/")}, "xz")
        for word in WORDS
    }
    archives |= {name: files[name] for name in files if name.endswith(".txt")}
    write_files(folder, archives)
    return from_word_archives([(folder / name, sha256(content)) for name, content in archives.items()], SOURCE_URL)


@pytest.mark.parametrize("lay_out", [unpacked, packed, by_word])
def test_all_layouts_give_the_same_recordings(tmp_path: Path, files: Files, lay_out: Callable[..., Recordings]) -> None:
    recordings = lay_out(tmp_path, files)
    assert list(recordings.clips) == clips_of(files)
    assert dict(recordings.read(recordings.clips)) == {name: files[name] for name in clips_of(files)}
    chosen = recordings.clips[3]
    assert list(recordings.read([chosen])) == [(chosen, files[chosen])]
    noise = {} if lay_out is by_word else small_noise(1)
    assert recordings.noise == noise
    assert list(recordings.noise) == sorted(noise)
    for part, names in recordings.lists().items():
        assert names == set(files[f"{part}_list.txt"].decode().split())
        assert len(names) == 4


@pytest.mark.parametrize("prefix", ["", "./", "speech_commands_v0.01/", "../../"])
def test_only_the_end_of_a_path_is_compared(tmp_path: Path, files: Files, prefix: str) -> None:
    assert list(packed(tmp_path, files, prefix).clips) == clips_of(files)


@pytest.mark.parametrize("lay_out", [unpacked, packed])
def test_a_missing_list_is_an_error_when_it_is_needed(
    tmp_path: Path, files: Files, lay_out: Callable[..., Recordings]
) -> None:
    recordings = lay_out(tmp_path, {name: c for name, c in files.items() if name != "testing_list.txt"})
    with pytest.raises(UserError, match=r"^The recordings lack testing_list\.txt\.$"):
        recordings.lists()


def test_a_list_that_is_not_text_is_refused(tmp_path: Path, files: Files) -> None:
    recordings = unpacked(tmp_path, files | {"testing_list.txt": b"go/\xff.wav\n"})
    with pytest.raises(UserError, match=r"^testing_list\.txt contains bytes that are not text\.$"):
        recordings.lists()


def test_an_archive_is_verified_at_every_reading(tmp_path: Path, files: Files) -> None:
    recordings = packed(tmp_path, files)
    data = bytearray((tmp_path / "all.tar.gz").read_bytes())
    data[-1] ^= 1
    (tmp_path / "all.tar.gz").write_bytes(data)
    with pytest.raises(UserError, match="is not the published file"):
        list(recordings.read(recordings.clips))


def test_an_archive_of_a_word_is_verified(tmp_path: Path, files: Files) -> None:
    by_word(tmp_path, files)
    with pytest.raises(UserError, match="is not the published file"):
        from_word_archives([(tmp_path / "go.tar.xz", sha256(b""))], SOURCE_URL)


def test_a_deleted_clip_is_an_error(tmp_path: Path, files: Files) -> None:
    recordings = unpacked(tmp_path, files)
    (tmp_path / recordings.clips[0]).unlink()
    with pytest.raises(UserError, match=r"cannot be read: No such file or directory\.$"):
        list(recordings.read(recordings.clips))


def test_the_digest_is_that_of_the_output_of_sha256sum(tmp_path: Path, files: Files) -> None:
    recordings = unpacked(tmp_path, files)
    printed = subprocess.run(["sha256sum", *recordings.clips], cwd=tmp_path, capture_output=True, check=True).stdout
    assert digest_of(checksums_of(recordings.read(recordings.clips))) == sha256(printed)


def test_the_digest_depends_on_contents_and_names() -> None:
    sums = {"go/a.wav": sha256(b"a"), "go/b.wav": sha256(b"b")}
    assert digest_of(sums) == digest_of(dict(reversed(sums.items())))
    others = [{"go/a.wav": sums["go/b.wav"], "go/b.wav": sums["go/a.wav"]}, {**sums, "go/c.wav": sha256(b"")}, {}]
    assert digest_of(sums) not in map(digest_of, others)


def test_recordings_can_be_compared_with_checksums(tmp_path: Path, files: Files) -> None:
    recordings = unpacked(tmp_path, files)
    first, second = recordings.clips[:2]
    checked = with_checksums(recordings, checksums_of(recordings.read([first, second])))
    assert checked.clips == (first, second)
    (tmp_path / second).write_bytes(files[first])
    assert list(checked.read([first])) == [(first, files[first])]
    with pytest.raises(UserError, match=rf"^{second} changed while it was read\.$"):
        list(checked.read([first, second]))
