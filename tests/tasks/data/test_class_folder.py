import hashlib
from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.class_folder import ClassFile, check_group_pattern, folder_digest, group_of, list_class_files
from tasks.data.files import MissingFile


def write(root: Path, *names: str, content: str = "x") -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")


def listed(root: Path) -> tuple[ClassFile, ...]:
    return list_class_files(str(root), (".txt",), "a text")


def test_classes_and_parts(tmp_path: Path) -> None:
    write(tmp_path / "plain", "b/2.txt", "b/10.TXT", "a/1.txt", "a/.hidden", "b/Thumbs.db", "readme.md")
    assert [(file.name, file.label, file.part) for file in listed(tmp_path / "plain")] == [
        ("a/1.txt", "a", None),
        ("b/10.TXT", "b", None),
        ("b/2.txt", "b", None),
    ]
    write(tmp_path / "parts", "Train/a/1.txt", "Train/b/1.txt", "dev/a/2.txt", "testing/b/3.txt")
    assert [file.part for file in listed(tmp_path / "parts")] == ["train", "train", "val", "test"]


def test_the_digest_is_that_of_names_and_contents(tmp_path: Path) -> None:
    for root in (tmp_path / "one", tmp_path / "two"):
        write(root, "a/1.txt", "b/1.txt")
    expected = hashlib.sha256(b"a/1.txt\x001\x00xb/1.txt\x001\x00x").hexdigest()
    assert folder_digest(listed(tmp_path / "one")) == folder_digest(listed(tmp_path / "two")) == expected
    write(tmp_path / "two", "b/1.txt", content="yy")
    assert folder_digest(listed(tmp_path / "two")) != expected


def test_unchanged_files_are_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "a/1.txt", "b/1.txt")
    before = folder_digest(listed(tmp_path))
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("a file is read again"))
    assert folder_digest(listed(tmp_path)) == before


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), r"has no class folder; classification needs at least two\."),
        (("a/1.txt",), r"has one class folder, a; classification needs at least two\."),
        (("a/1.txt", "b/1.doc"), r"1\.doc is not a text: the name must end in \.txt\."),
        (("a/1.txt", "b/.hidden"), r"The class folder .*b has no file\."),
        (("a/1.txt", "b/c/1.txt"), r"c is a folder in the class folder b, which may hold files only\."),
        (("a/1.txt", "b/1.txt", "2.txt"), r"2\.txt is in no class folder; move it"),
        (("train/a/1.txt", "test/b/1.txt", "old/b/1.txt"), r"has the parts train and test and also the folder old"),
        (("a/1.txt", "b/\n.txt"), r"has a file with the name '\\n\.txt', which cannot be printed\."),
    ],
)
def test_other_folders_are_refused(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    write(tmp_path, *names)
    with pytest.raises(UserError, match=message):
        listed(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "a/1.txt")
    write(tmp_path, "b/1.txt", content="")
    with pytest.raises(UserError, match=r"b/1\.txt is empty\."):
        listed(tmp_path)


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, "a/1.txt", "b/1.txt")
    write(tmp_path, "secret/1.txt")
    (root / "b" / "2.txt").symlink_to(root / "a" / "1.txt")
    assert len(listed(root)) == 3
    (root / "c").symlink_to(root / "c")
    with pytest.raises(UserError, match=r"root/c is a link out of"):
        listed(root)
    (root / "c").unlink()
    (root / "c").symlink_to(tmp_path / "secret")
    with pytest.raises(UserError, match=r"root/c is a link out of .*root; copy the file, or link inside the folder\."):
        listed(root)


def test_a_path_that_is_no_folder(tmp_path: Path) -> None:
    write(tmp_path, "a.txt")
    with pytest.raises(UserError, match="which is a file; it must name a folder with a folder for each class"):
        listed(tmp_path / "a.txt")
    with pytest.raises(MissingFile, match=r"There is no folder .*none, which task.path names"):
        listed(tmp_path / "none")


def test_groups_by_a_pattern() -> None:
    file = ClassFile(Path("x"), "a/anna_1.txt", "a", None)
    assert group_of(file, "^[^_]+") == "anna"
    assert group_of(file, "_([0-9])") == "1"
    with pytest.raises(UserError, match=r"task\.group=z\+ finds no group in the file name a/anna_1\.txt\."):
        group_of(file, "z+")
    check_group_pattern(None)
    for wrong in ("(", "", b"x", 1):
        with pytest.raises(UserError, match=r"task\.group is .*; it must be a regular expression"):
            check_group_pattern(wrong)


def test_the_files_of_clips_have_the_class_of_the_folder_above(tmp_path: Path) -> None:
    write(tmp_path, "b/two/1.txt", "a/one/2.txt", "a/one/1.txt", "a/notes.md")
    found = list_class_files(str(tmp_path), (".txt",), "a text", in_clips=True)
    assert [(file.name, file.label) for file in found] == [
        ("a/one/1.txt", "a"),
        ("a/one/2.txt", "a"),
        ("b/two/1.txt", "b"),
    ]
    write(tmp_path, "b/three.mp4")
    with pytest.raises(UserError, match=r"three\.mp4 is a video file; write its frames as images into a folder"):
        list_class_files(str(tmp_path), (".txt",), "a text", in_clips=True)
    (tmp_path / "b" / "three.mp4").unlink()
    write(tmp_path, "b/two/deep/1.txt")
    with pytest.raises(UserError, match=r"deep is a folder in the clip folder two, which may hold files only\."):
        list_class_files(str(tmp_path), (".txt",), "a text", in_clips=True)
    write(tmp_path / "other", "a/one/1.txt", "b/readme.md")
    with pytest.raises(UserError, match=r"The class folder .*b has no folder of a clip\."):
        list_class_files(str(tmp_path / "other"), (".txt",), "a text", in_clips=True)
