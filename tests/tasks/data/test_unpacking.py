import gzip
import io
import lzma
import os
import shutil
import struct
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from errno import ENOSPC
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gatebench.errors import UserError
from tasks.data import unpacking
from tasks.data.unpacking import unpack
from tests.tasks.data.archives import FILES, PACKERS, read_tree, tar, tar_member, tar_members, zipped

WANTED = {name.removeprefix("data/"): content for name, content in FILES.items() if name.startswith("data/")}


def unpacked(folder: Path, name: str, data: bytes, inside: str = ".", to: str = "out") -> Path:
    (folder / name).write_bytes(data)
    unpack(folder / name, folder / to, inside, lambda _: None)
    return folder / to


def refuse(folder: Path, name: str, data: bytes, sentence: str) -> None:
    """Check that an archive is refused with its name, and that nothing of it is left anywhere."""
    (folder / "in").mkdir(exist_ok=True)
    with pytest.raises(UserError, match=sentence) as caught:
        unpacked(folder / "in", name, data)
    assert str(folder / "in" / name) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert read_tree(folder) == {f"in/{name}": data}
    assert [path.name for path in (folder / "in").iterdir()] == [name]


@pytest.mark.parametrize("name", PACKERS)
def test_unpacks_all_or_the_folder_inside(tmp_path: Path, name: str) -> None:
    data = PACKERS[name](FILES)
    assert read_tree(unpacked(tmp_path, name, data)) == FILES
    assert read_tree(unpacked(tmp_path, name, data, "data", "data")) == WANTED
    assert sorted(path.name for path in tmp_path.iterdir()) == [name, "data", "out"]


def test_unpacks_a_single_file(tmp_path: Path) -> None:
    assert read_tree(unpacked(tmp_path, "a.csv.gz", gzip.compress(b"1,2\n"))) == {"a.csv": b"1,2\n"}


def test_tells_how_far_it_is(tmp_path: Path) -> None:
    told: list[int] = []
    files = {f"{n}": Random(n).randbytes(100_000) for n in range(5)}
    (tmp_path / "a.tar.gz").write_bytes(PACKERS["a.tar.gz"](files))
    unpack(tmp_path / "a.tar.gz", tmp_path / "out", ".", told.append)
    assert told == sorted(told)
    assert len(told) == 5
    assert told[-1] == pytest.approx((tmp_path / "a.tar.gz").stat().st_size, rel=0.1)


def test_names_with_a_dot_before_them_are_plain(tmp_path: Path) -> None:
    data = gzip.compress(tar([tar_member("./", tarfile.DIRTYPE), *tar_members({"./down/x.wav": b"x"})]))
    assert read_tree(unpacked(tmp_path, "a.tar.gz", data)) == {"down/x.wav": b"x"}


def test_owners_and_permissions_are_not_taken(tmp_path: Path) -> None:
    member, content = tar_members({"run": b"#!/bin/sh"})[0]
    member.mode, member.uid = 0o6777, 12345
    path = unpacked(tmp_path, "a.tar.gz", gzip.compress(tar([(member, content)]))) / "run"
    assert path.stat().st_mode & 0o7111 == 0
    assert path.stat().st_uid == os.getuid()


OUTSIDE = ["../evil", "a/../../evil", "/tmp/evil", "..", "a/..", "C:evil", "a\\..\\evil", "a\x1b[2J"]


@pytest.mark.parametrize("name", OUTSIDE)
@pytest.mark.parametrize("packer", PACKERS)
def test_no_path_leads_outside(tmp_path: Path, packer: str, name: str) -> None:
    refuse(
        tmp_path,
        packer,
        PACKERS[packer]({"good": b"", name: b"evil"}),
        "was not unpacked: '.*' is not a path below a folder",
    )


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("target", ["good", "../evil", "/etc/passwd"])
def test_no_links_and_devices_in_a_tar(tmp_path: Path, kind: bytes, target: str) -> None:
    members = [*tar_members({"good": b"x"}), tar_member("link", kind, target), *tar_members({"link/evil": b"x"})]
    refuse(tmp_path, "a.tar.gz", gzip.compress(tar(members)), "holds 'link', which is neither a file nor a folder")


@pytest.mark.parametrize("mode", [0o120777, 0o020666, 0o010666])
def test_no_links_and_devices_in_a_zip(tmp_path: Path, mode: int) -> None:
    refuse(tmp_path, "a.zip", zipped({"link": b"/etc/passwd"}, {"link": mode}), "which is neither a file nor a folder")


@pytest.mark.skipif(not hasattr(tarfile, "data_filter"), reason="this Python has no filter to compare with")
@pytest.mark.parametrize(
    "member",
    [tar_member(name) for name in OUTSIDE]
    + [tar_member("n", kind, link) for kind in (b"0", b"1", b"2", b"3", b"4", b"6") for link in ("x", "../x", "/x")],
    ids=lambda member: f"{member[0].name!r} {member[0].type.decode()} {member[0].linkname}",
)
def test_what_pythons_own_filter_refuses_is_refused(tmp_path: Path, member: tuple[tarfile.TarInfo, bytes]) -> None:
    try:
        tarfile.data_filter(member[0], str(tmp_path))
    except tarfile.FilterError:
        refuse(tmp_path, "a.tar.gz", gzip.compress(tar([member])), "was not unpacked")


@pytest.mark.parametrize(
    "names", [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "./a")], ids=lambda names: " then ".join(names)
)
@pytest.mark.parametrize("packer", PACKERS)
def test_two_things_in_one_place_are_refused(tmp_path: Path, packer: str, names: tuple[str, str]) -> None:
    first, second = ({name: b"x"} for name in names)
    if packer == "a.zip":
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as packed, warnings.catch_warnings(action="ignore"):
            for name in names:
                packed.writestr(name, b"x")
        data = buffer.getvalue()
    else:
        compress = gzip.compress if packer == "a.tar.gz" else lzma.compress
        data = compress(tar([*tar_members(first), *tar_members(second)]))
    refuse(tmp_path, packer, data, "and something else in its place; it was not unpacked")


ZEROS = bytes(20_000_000)
BOMBS: dict[str, Callable[[], bytes]] = {
    "a.tar.gz": lambda: PACKERS["a.tar.gz"]({"bomb": ZEROS}),
    "a.tar.xz": lambda: PACKERS["a.tar.xz"]({"bomb": ZEROS}),
    "a.zip": lambda: zipped({"bomb": ZEROS}),
    "a.gz": lambda: gzip.compress(ZEROS),
    "tail.tar.gz": lambda: gzip.compress(tar(tar_members(FILES)) + ZEROS),
    "many.zip": lambda: zipped({str(n): ZEROS[:100_000] for n in range(100)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_do_not_go_off(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data, real, most = BOMBS[name](), shutil.rmtree, [0]

    def measure(folder: Path, ignore_errors: bool = False) -> None:
        most.append(sum(len(content) for content in read_tree(folder).values()))
        real(folder, ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", measure)
    refuse(tmp_path, name, data, "holds more than 10 times its own size, as no data set does; it was not unpacked")
    assert max(most) <= 10 * len(data) + unpacking.SLACK


def test_files_with_holes_are_refused(tmp_path: Path) -> None:
    member, content = tar_members({"holes": b""})[0]
    member.pax_headers = {"GNU.sparse.map": "0,0", "GNU.sparse.size": "1000000000000", "GNU.sparse.name": "holes"}
    refuse(tmp_path, "a.tar.gz", gzip.compress(tar([(member, content)])), "holds 'holes', which is neither a file nor")


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MOST_FILES", 3)
    refuse(tmp_path, "a.zip", PACKERS["a.zip"](FILES), "holds more than 3 files")


@pytest.mark.parametrize("name", [*PACKERS, "a.gz"])
def test_a_truncated_archive_is_refused(tmp_path: Path, name: str) -> None:
    data = PACKERS[name](FILES) if name in PACKERS else gzip.compress(FILES["data/a.txt"])
    for end in [*range(0, len(data), max(1, len(data) // 20)), len(data) - 8, len(data) - 1]:
        refuse(tmp_path, name, data[:end], "is broken and was not unpacked: ")


@pytest.mark.parametrize("name", PACKERS)
def test_a_damaged_archive_is_refused_or_does_no_harm(tmp_path: Path, name: str) -> None:
    data, random = PACKERS[name](FILES), Random(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(data)
        damaged[random.randrange(len(data))] ^= 1 << random.randrange(8)
        try:
            out = unpacked(tmp_path, name, bytes(damaged))
        except UserError:
            refused += 1
        else:
            found = read_tree(out)
            assert found.items() <= FILES.items()
            assert found == FILES or name == "a.zip"  # whose list of members has no checksum of its own
            shutil.rmtree(out)
        assert [path.name for path in tmp_path.iterdir()] == [name]
    assert refused > 35


def test_other_bytes_under_an_archives_name_are_refused(tmp_path: Path) -> None:
    for name in (*PACKERS, "a.gz"):
        (tmp_path / name).mkdir()
        refuse(tmp_path / name, name, b"<html>Not found</html>", "is broken and was not unpacked: ")


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    for name in ("a.rar", "a.tar", "gz", "a"):
        (tmp_path / name).mkdir()
        refuse(tmp_path / name, name, b"x", r"is not of a known kind; it must be \.tar\.gz, \.tar\.xz, \.zip or \.gz")


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    data = bytearray(PACKERS["a.zip"](FILES))
    directory = struct.unpack("<I", data[-6:-2])[0]
    data[directory + 8] |= 1
    data[6] |= 1
    refuse(tmp_path, "a.zip", bytes(data), "is broken and was not unpacked: .* is encrypted")


def test_the_folder_inside_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(PACKERS["a.zip"](FILES))
    for inside in ("absent", "data/a.txt"):
        with pytest.raises(UserError, match=f"holds no folder '{inside}'; it was not unpacked"):
            unpack(tmp_path / "a.zip", tmp_path / "out", inside, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_what_is_there_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    data = PACKERS["a.zip"](FILES)
    assert read_tree(unpacked(tmp_path, "a.zip", data)) == FILES  # an empty folder is
    (tmp_path / "out" / "mine").write_bytes(b"x")
    with pytest.raises(UserError, match=r"cannot be unpacked to .*/out: Directory not empty\.$"):
        unpacked(tmp_path, "a.zip", data)
    assert read_tree(tmp_path / "out") == {**FILES, "mine": b"x"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "out"]


def test_what_a_killed_process_left_is_deleted(tmp_path: Path) -> None:
    (tmp_path / ".out.part" / "data").mkdir(parents=True)
    (tmp_path / ".out.part" / "data" / "a.txt").write_bytes(b"half")
    (tmp_path / ".out.part" / "old").write_bytes(b"x")
    assert read_tree(unpacked(tmp_path, "a.zip", PACKERS["a.zip"](FILES))) == FILES
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "out"]


def test_stopping_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    (tmp_path / "a.zip").write_bytes(PACKERS["a.zip"](FILES))
    with pytest.raises(KeyboardInterrupt):
        unpack(tmp_path / "a.zip", tmp_path / "out", ".", stop)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(ENOSPC, os.strerror(ENOSPC))

    real: Any = Path.open
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda self, mode="r": Full() if mode == "xb" else real(self, mode))
        refuse(tmp_path, "a.zip", PACKERS["a.zip"](FILES), r"cannot be unpacked to .*/out: No space left on device\.$")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(PACKERS["a.zip"](FILES))
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot be unpacked to .*/file/out: Not a directory\.$"):
        unpack(tmp_path / "a.zip", tmp_path / "file" / "out", ".", lambda _: None)
    with pytest.raises(UserError, match=r"absent\.zip cannot be unpacked to .*: No such file or directory\.$"):
        unpack(tmp_path / "absent.zip", tmp_path / "out", ".", lambda _: None)
