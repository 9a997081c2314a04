import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data import tarballs
from tasks.data.tarballs import iterate_members, open_verified
from tests.tasks.data.archives import tar_bytes
from tests.tasks.speech.small_speech import sha256

PATH = Path("small.tar")
FILES = {"go/a.wav": b"a" * 5000, "go/b.wav": b"", "README.md": b"read me"}


def contents(data: bytes, name_of: Callable[[str], str | None] = lambda path: path) -> dict[str, bytes]:
    return {name: content() for name, content in iterate_members(io.BytesIO(data), PATH, name_of)}


@pytest.mark.parametrize("packing", ["", "gz", "xz"])
def test_files_are_read_however_they_are_packed(packing: str) -> None:
    assert contents(tar_bytes(FILES, packing)) == FILES


def test_only_wanted_files_come_under_the_names_that_are_given() -> None:
    found = contents(tar_bytes(FILES, "gz"), lambda path: path.upper() if path.endswith(".wav") else None)
    assert found == {"GO/A.WAV": b"a" * 5000, "GO/B.WAV": b""}


def test_a_file_need_not_be_read() -> None:
    found = [name for name, _ in iterate_members(io.BytesIO(tar_bytes(FILES, "gz")), PATH, lambda path: path)]
    assert found == list(FILES)


def test_links_folders_and_devices_are_passed_over(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    kinds = {"link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE, "folder": tarfile.DIRTYPE, "device": tarfile.CHRTYPE}
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in kinds.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "../../etc/passwd"
            archive.addfile(member)
    assert contents(buffer.getvalue()) == {}


def test_a_path_that_escapes_leads_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = tar_bytes({"../escaped.wav": b"out", f"{tmp_path}/absolute.wav": b"out"}, "")
    assert set(contents(data).values()) == {b"out"}
    assert not list(tmp_path.iterdir())
    assert not (tmp_path.parent / "escaped.wav").exists()


@pytest.mark.parametrize("packing", ["", "gz", "xz"])
@pytest.mark.parametrize("keep", [0, 30, 600, -600])
def test_a_truncated_archive_is_refused(packing: str, keep: int) -> None:
    files = {f"go/{i}.wav": bytes((i * j * j) % 251 for j in range(3000)) for i in range(20)}
    data = tar_bytes(files, packing)
    data = data[: len(data) // 3] if keep < 0 else data[:keep]
    with pytest.raises(UserError, match=r"^small\.tar cannot be unpacked: .*\.$"):
        contents(data)


def test_a_damaged_archive_is_refused() -> None:
    files = {f"go/{i}.wav": bytes((i * j * j) % 251 for j in range(3000)) for i in range(20)}
    data = bytearray(tar_bytes(files, "xz"))
    data[len(data) // 2] ^= 0xFF
    with pytest.raises(UserError, match=r"^small\.tar cannot be unpacked: .*\.$"):
        contents(bytes(data))


def test_what_is_no_archive_is_refused() -> None:
    with pytest.raises(UserError, match="cannot be unpacked"):
        contents(b"no archive" * 200)


def test_a_bomb_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = tar_bytes({"go/a.wav": bytes(tarballs.MAX_FILE_BYTES + 1)}, "gz")
    assert len(bomb) < 200_000
    with pytest.raises(UserError, match=r"^small\.tar holds go/a\.wav of 16,777,217 bytes; the most is 16,777,216\.$"):
        contents(bomb)
    monkeypatch.setattr(tarballs, "MAX_FILES", 2)
    with pytest.raises(UserError, match=r"^small\.tar holds more than 2 files\.$"):
        contents(tar_bytes(FILES, ""))


def test_a_verified_file_is_open_at_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"published")
    with open_verified(tmp_path / "f", sha256(b"published"), "home") as file:
        assert file.read() == b"published"


def test_another_file_is_refused_and_both_checksums_are_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"tampered")
    with pytest.raises(UserError) as caught:
        open_verified(tmp_path / "f", sha256(b"published"), "https://example.org/")
    for part in (str(tmp_path / "f"), "(8 bytes)", sha256(b"tampered"), sha256(b"published"), "https://example.org/"):
        assert part in str(caught.value)


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"cannot be read: "):
        open_verified(tmp_path / name, sha256(b""), "home")
