import hashlib
import io
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.records.exchange import archive
from gatebench.records.exchange.archive import new_archive, open_archive

DIGEST = "0123456789abcdef"
FILES = {"gates.npz": b"PK gates", "pictures/cell.svg": b"<svg/>" * 100}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return an archive with one trial."""
    path = tmp_path / "x.zip"
    with new_archive(path) as writer:
        writer.add_json("study.json", {"study": "mine"})
        writer.add_json(f"trials/{DIGEST}/trial.json", {"name": "ü"})
        for name, content in FILES.items():
            writer.add(f"trials/{DIGEST}/files/{name}", content)
    return path


def read_all(path: Path) -> None:
    with open_archive(path) as opened:
        opened.study()
        for digest in opened.digests():
            opened.trial(digest)
            opened.files(digest)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        read_all(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def write_zip(
    path: Path, entries: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda entry: None
) -> None:
    """Write a zip file whose checksums are right."""
    path.unlink(missing_ok=True)
    with new_archive(path) as writer:
        writer._checksums |= {name: hashlib.sha256(content).hexdigest() for name, content in entries.items()}
        for name, content in entries.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            change(entry)
            writer._archive.writestr(entry, content)


def test_what_was_written_is_read(path: Path) -> None:
    with open_archive(path) as opened:
        assert opened.study() == {"study": "mine"}
        assert opened.digests() == [DIGEST]
        assert opened.trial(DIGEST) == {"name": "ü"}
        assert opened.files(DIGEST) == FILES
    assert [entry.name for entry in path.parent.iterdir()] == ["x.zip"]


def test_an_existing_file_is_kept(path: Path) -> None:
    content = path.read_bytes()
    with pytest.raises(UserError, match=r"exists; choose another file=…"), new_archive(path):
        pass
    assert path.read_bytes() == content


def test_an_archive_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no plain path"), new_archive(tmp_path / "x.zip") as writer:
        writer.add(f"trials/{DIGEST}/files/../../x", b"")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="cannot be written"), new_archive(tmp_path / "absent" / "x.zip"):
        pass


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/etc/passwd",
        "trials/x",
        f"trials/{DIGEST}/files/../../../x",
        f"trials/{DIGEST}/files//x",
        "x.json",
        f"trials/{DIGEST}/files/a\\..\\x",
        f"trials/{DIGEST}/files/.",
        f"trials/{DIGEST}/files/{'x' * 201}",
        f"trials/{DIGEST.upper()}/trial.json",
        f"trials/{DIGEST}/files/a\nb",
        f"trials/{DIGEST}/files/C:\\x",
    ],
)
def test_a_name_that_is_no_part_of_a_study_is_refused(path: Path, name: str) -> None:
    write_zip(path, {"study.json": b"{}", name: b"x"})
    assert "which is no part of a study" in refusal(path)


def test_a_link_is_refused(path: Path) -> None:
    def as_link(entry: zipfile.ZipInfo) -> None:
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16

    write_zip(path, {f"trials/{DIGEST}/files/x": b"/etc/passwd"}, as_link)
    assert "a link" in refusal(path)


def test_another_compression_is_refused(path: Path) -> None:
    def with_lzma(entry: zipfile.ZipInfo) -> None:
        entry.compress_type = zipfile.ZIP_LZMA

    write_zip(path, {"study.json": b"{}"}, with_lzma)
    assert "unknown method" in refusal(path)


def test_an_encrypted_entry_is_refused(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert "encrypted" in refusal(path)


def test_a_bomb_is_refused_before_it_is_read(path: Path) -> None:
    write_zip(path, {f"trials/{DIGEST}/files/{n}": bytes(30_000_000) for n in range(2)})
    assert "bytes would become 60,000" in refusal(path)


def test_a_large_entry_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_FILE", 100)
    assert "more than 100" in refusal(path)


def test_large_json_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST_JSON", 10)
    assert "checksums.json has" in refusal(path)


@pytest.mark.parametrize("is_64", [True, False])
def test_a_huge_directory_is_refused_before_it_is_read(path: Path, is_64: bool) -> None:
    data = bytearray(path.read_bytes())
    if is_64:
        end = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, 1, 1 << 40, 0)
        locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(data) - 22, 1)
        data[-22:-22] = end + locator
    else:
        data[-10:-6] = struct.pack("<L", 1 << 30)
    path.write_bytes(data)
    assert "its directory has 1,0" in refusal(path)


def test_a_directory_that_lies_elsewhere_is_refused(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-22:-22] = struct.pack("<4sLQL", b"PK\x06\x07", 0, 0, 1)
    path.write_bytes(data)
    assert "its directory cannot be found" in refusal(path)


def test_two_entries_with_one_name_are_refused(path: Path) -> None:
    path.unlink()
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("study.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate name"):
            opened.writestr("study.json", "{}")
    assert "two entries 'study.json'" in refusal(path)


def test_a_changed_entry_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path) as opened:
        entries = {name: opened.read(name) for name in opened.namelist()}
    path.unlink()
    with zipfile.ZipFile(path, "w") as opened:
        for name, content in entries.items():
            opened.writestr(name, content.replace(b"<svg/>", b"<svg?>"))
    assert "does not have its checksum" in refusal(path)


@pytest.mark.parametrize("checksums", ["{}", "[]", "3", '{"study.json": 3}', "[" * 100_000, "1" * 10_000, "", "\udcff"])
def test_damaged_checksums_are_refused(path: Path, checksums: str) -> None:
    path.unlink()
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("study.json", "{}")
        opened.writestr("checksums.json", checksums.encode(errors="surrogateescape"))
    assert "is not one of a study" in refusal(path)


@pytest.mark.parametrize("content", [b"[]", b"{", b"[" * 100_000, b"\xff", b""])
def test_damaged_json_is_refused(path: Path, content: bytes) -> None:
    write_zip(path, {"study.json": content})
    assert "study.json is not" in refusal(path)


def test_a_study_without_its_description_is_refused(path: Path) -> None:
    write_zip(path, {f"trials/{DIGEST}/trial.json": b"{}"})
    assert "it has no study.json" in refusal(path)


def test_a_file_that_is_missing_or_a_folder_is_refused(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refusal(tmp_path / "absent.zip")
    assert "cannot be read: Is a directory" in refusal(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 100, b"PK\x05\x06" + bytes(18)])
def test_a_file_that_is_no_archive_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refusal(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(st.data())
def test_damage_anywhere_is_refused_or_changes_nothing(path: Path, data: st.DataObject) -> None:
    whole = path.read_bytes()
    position = data.draw(st.integers(0, len(whole) - 1))
    value = data.draw(st.integers(0, 255))
    is_cut = data.draw(st.booleans())
    damaged = whole[:position] if is_cut else whole[:position] + bytes([value]) + whole[position + 1 :]
    other = path.with_name("damaged.zip")
    other.write_bytes(damaged)
    with suppress(UserError), open_archive(other) as opened:
        assert opened.study() == {"study": "mine"}
        assert opened.digests() == [DIGEST]
        assert opened.files(DIGEST) == FILES


def test_equal_content_gives_equal_bytes(path: Path, tmp_path: Path) -> None:
    with new_archive(tmp_path / "y.zip") as writer:
        writer.add_json("study.json", {"study": "mine"})
        writer.add_json(f"trials/{DIGEST}/trial.json", {"name": "ü"})
        for name, content in FILES.items():
            writer.add(f"trials/{DIGEST}/files/{name}", content)
    assert (tmp_path / "y.zip").read_bytes() == path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as opened:  # any zip program reads it
        assert opened.testzip() is None
        assert json.loads(opened.read("study.json")) == {"study": "mine"}
