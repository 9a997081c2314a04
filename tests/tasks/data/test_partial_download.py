import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from gatebench.errors import UserError
from tasks.data.datasets import File
from tasks.data.partial_download import PartialDownload

DATA = bytes(range(256)) * 40
FILE = File("f", hashlib.sha256(DATA).hexdigest(), len(DATA), "https://example.org/f")


def left(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fail(number: int) -> Callable[..., int]:
    def failing(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    return failing


def test_gathers_over_several_sittings(tmp_path: Path) -> None:
    target = tmp_path / "f"
    with PartialDownload(target, FILE) as first:
        first.restart("tag")
        first.append(DATA[:100])
        first.append(DATA[100:5000])
    assert left(tmp_path) == {"f.part": DATA[:5000], "f.part.tag": b"tag"}
    with PartialDownload(target, FILE) as second:
        assert (second.size, second.validator) == (5000, "tag")
        second.append(DATA[5000:])
        second.finish()
    assert left(tmp_path) == {"f": DATA}


def test_without_bytes_nothing_is_left(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
    assert left(tmp_path) == {}


def test_begins_again(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("old")
        partial.append(b"x" * 100)
        partial.restart("new")
        assert (partial.size, partial.validator) == (0, "new")
        partial.append(DATA)
        partial.finish()
    assert left(tmp_path) == {"f": DATA}


def test_what_was_there_before_beginning_again_is_gone(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("old")
        partial.append(b"x" * 100)
        partial.restart("new")
        partial.append(DATA[:50])
    assert left(tmp_path) == {"f.part": DATA[:50], "f.part.tag": b"new"}


def test_a_disk_that_takes_little_at_a_time_gets_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, data[:1000]))
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
        partial.append(DATA)
        partial.finish()
    assert left(tmp_path) == {"f": DATA}


@pytest.mark.parametrize(
    ("data", "tag", "size"),
    [
        (DATA[:7], b"t", 7),
        (DATA[:7], b"", 0),
        (DATA[:7], b"t\r\nCookie: x", 0),
        (DATA[:7], b"\xff", 7),
        (DATA, b"", len(DATA)),
        (DATA[:-1] + b"x", b"t", 0),
        (DATA + b"x", b"t", 0),
    ],
)
def test_takes_what_can_be_the_beginning(tmp_path: Path, data: bytes, tag: bytes, size: int) -> None:
    (tmp_path / "f.part").write_bytes(data)
    (tmp_path / "f.part.tag").write_bytes(tag)
    with PartialDownload(tmp_path / "f", FILE) as partial:
        assert partial.size == size


def test_other_bytes_are_not_kept(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
        partial.append(b"x" * len(DATA))
        with pytest.raises(UserError, match="does not send the published file"):
            partial.finish()
    assert left(tmp_path) == {}


def test_more_bytes_are_not_taken(tmp_path: Path) -> None:
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
        partial.append(DATA)
        with pytest.raises(UserError, match=r"sends more than the 10,240 bytes of the published file"):
            partial.append(b"x")
    assert left(tmp_path) == {}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_not_kept_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
        partial.append(DATA[:100])
        monkeypatch.setattr(os, "write", fail(number))
        with pytest.raises(UserError, match=rf"f\.part cannot be written: {os.strerror(number)}\.$"):
            partial.append(DATA[100:])
        monkeypatch.undo()
    assert left(tmp_path) == {}


def test_another_fault_of_the_disk_keeps_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
        partial.append(DATA[:100])
        monkeypatch.setattr(os, "write", fail(errno.EIO))
        with pytest.raises(UserError, match=r"f\.part cannot be written: Input/output error\.$"):
            partial.append(DATA[100:])
        monkeypatch.undo()
    assert left(tmp_path)["f.part"] == DATA[:100]


def test_asks_for_room_for_the_rest_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10_000))
    with PartialDownload(tmp_path / "f", FILE) as partial:
        with pytest.raises(UserError, match=r"has 10,000 bytes free, and f needs 10,240\.$"):
            partial.check_free_space()
        partial.restart("tag")
        partial.append(DATA[:240])
        partial.check_free_space()


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        pytest.raises(UserError, match=r"f\.part cannot be written: No such file or directory\.$"),
        PartialDownload(tmp_path / "absent" / "f", FILE),
    ):
        pass
    monkeypatch.setattr(os, "open", fail(errno.EROFS))
    with (
        pytest.raises(UserError, match=r"cannot be written: Read-only file system\.$"),
        PartialDownload(tmp_path / "f", FILE),
    ):
        pass


def test_no_link_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"kept")
    (tmp_path / "f.part").symlink_to(tmp_path / "precious")
    with pytest.raises(UserError, match="cannot be written"), PartialDownload(tmp_path / "f", FILE):
        pass
    (tmp_path / "f.part").unlink()
    (tmp_path / "f.part.tag").symlink_to(tmp_path / "precious")
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
    assert (tmp_path / "precious").read_bytes() == b"kept"


def test_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").mkdir()
    with PartialDownload(tmp_path / "f", FILE) as partial:
        partial.restart("tag")
        partial.append(DATA)
        with pytest.raises(UserError, match="cannot be written: Is a directory"):
            partial.finish()
