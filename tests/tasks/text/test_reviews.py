import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.text import reviews
from tasks.text.reviews import checksum, find_reviews, verify
from tests.tasks.text.small_reviews import archive_of, expect, write_archive, write_folder

FOUND = {
    f"{part}/{mood}/{number}_{8 if mood == 'pos' else 2}.txt": f"{part} {mood} {number}".encode()
    for part in ("train", "test")
    for mood in ("pos", "neg")
    for number in range(3)
}
OTHERS = {
    "aclImdb/README": b"read me",
    "aclImdb/imdb.vocab": b"the",
    "aclImdb/train/unsup/0_0.txt": b"unlabelled",
    "aclImdb/train/labeledBow.feat": b"9 0:9",
    "aclImdb/train/pos/notes.txt": b"not a review",
}


@pytest.fixture(autouse=True)
def _expected(monkeypatch: pytest.MonkeyPatch) -> None:
    expect(FOUND, monkeypatch)


def test_checksum_is_of_names_sizes_and_bytes() -> None:
    expected = hashlib.sha256(b"a.txt\x002\x00hib.txt\x000\x00").hexdigest()
    assert checksum({"b.txt": b"", "a.txt": b"hi"}) == expected
    assert checksum({"b.txt": b"h", "a.txt": b"i"}) != expected


def test_archive_and_folder_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = write_archive(tmp_path, archive_of(FOUND, OTHERS), monkeypatch)
    folder = write_folder(tmp_path, FOUND)
    for name, content in OTHERS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert verify(archive)() == verify(folder)() == FOUND


@pytest.mark.parametrize("place", ["imdb/aclImdb_v1.tar.gz", "aclImdb_labeled.tar.gz", "imdb/aclImdb", "aclImdb"])
def test_every_place_is_looked_into(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    path.touch() if path.suffix else path.mkdir()
    assert find_reviews(tmp_path) == path


def test_archives_go_before_folders(tmp_path: Path) -> None:
    (tmp_path / "imdb" / "aclImdb").mkdir(parents=True)
    (tmp_path / "aclImdb_v1.tar.gz").touch()
    assert find_reviews(tmp_path) == tmp_path / "aclImdb_v1.tar.gz"


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(MissingFile) as caught:
        find_reviews(tmp_path)
    assert str(caught.value) == (
        f"There is no aclImdb_v1.tar.gz or aclImdb_labeled.tar.gz and no folder aclImdb in any of {tmp_path / 'imdb'}, "
        f"{tmp_path}; run gatebench data fetch imdb data_root={tmp_path}; its official source is {reviews.SOURCE_URL}."
    )


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_a_damaged_archive_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    data = archive_of(FOUND)
    path = write_archive(tmp_path, data, monkeypatch)
    changed = data[:-1] + bytes([data[-1] ^ 1])
    path.write_bytes({"truncated": data[: len(data) // 2], "changed": changed, "empty": b""}[damage])
    with pytest.raises(UserError, match=f"is not the published file: .* its official source is {reviews.SOURCE_URL}"):
        verify(path)


@pytest.mark.parametrize("cut", [0, 5, 0.5, -1])
def test_an_archive_that_cannot_be_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut: float) -> None:
    data = archive_of(FOUND)
    kept = data[: int(len(data) * cut) if isinstance(cut, float) else cut]
    read = verify(write_archive(tmp_path, kept, monkeypatch))
    with pytest.raises(UserError, match=r"aclImdb_v1\.tar\.gz (cannot be unpacked: .*|does not hold .*)\.$"):
        read()


def test_members_with_other_names_are_neither_read_nor_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    traps = {f"{start}train/pos/9_9.txt": b"trap" for start in ("../aclImdb/", "/aclImdb/", "aclImdb/../", "aclImdb//")}
    traps |= {"aclImdb/train/pos/../../../../9_9.txt": b"trap", "aclImdb/train/pos/9_9.txt\n": b"trap"}
    monkeypatch.chdir(tmp_path)
    path = write_archive(tmp_path, archive_of(FOUND, traps), monkeypatch)
    before = sorted(tmp_path.rglob("*"))
    assert verify(path)() == FOUND
    assert sorted(tmp_path.rglob("*")) == before


def test_links_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE):
            member = tarfile.TarInfo("aclImdb/train/pos/0_8.txt")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    with pytest.raises(UserError, match="does not hold the published reviews"):
        verify(write_archive(tmp_path, buffer.getvalue(), monkeypatch))()


def test_a_review_twice_in_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("aclImdb/train/pos/0_8.txt"))
    with pytest.raises(UserError, match=r"holds aclImdb/train/pos/0_8\.txt twice\.$"):
        verify(write_archive(tmp_path, buffer.getvalue(), monkeypatch))()


@pytest.mark.parametrize("change", ["missing", "added", "other", "renamed"])
def test_other_reviews_are_refused_with_what_there_is(tmp_path: Path, change: str) -> None:
    name = "train/pos/1_8.txt"
    changed = dict(FOUND) if change == "added" else {n: review for n, review in FOUND.items() if n != name}
    changed |= {
        "missing": {},
        "added": {"train/pos/7_8.txt": b"more"},
        "other": {name: FOUND[name] + b" "},
        "renamed": {"train/pos/1_9.txt": FOUND[name]},
    }[change]
    count = {"missing": 2, "added": 4, "other": 3, "renamed": 3}[change]
    with pytest.raises(UserError) as caught:
        verify(write_folder(tmp_path, changed))
    for part in (
        str(tmp_path / "aclImdb"),
        f"3 of train/neg, {count} of train/pos",
        checksum(changed),
        reviews.SOURCE_URL,
    ):
        assert part in str(caught.value)


def test_a_folder_without_a_part(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, {name: review for name, review in FOUND.items() if not name.startswith("test")})
    with pytest.raises(UserError, match=r"aclImdb/test/neg cannot be read: No such file or directory\.$"):
        verify(folder)


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, FOUND)
    os.mkfifo(folder / "train" / "pos" / "9_9.txt")  # reading it would wait for ever
    (folder / "train" / "pos" / "8_8.txt").mkdir()
    assert verify(folder)() == FOUND


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, FOUND)
    with (folder / "train" / "pos" / "9_9.txt").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match=r"9_9\.txt is larger than 1,048,576 bytes"):
        verify(folder)
