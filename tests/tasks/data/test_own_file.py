from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.data.own_file import is_own_folder, own_file, own_folder, own_name, own_path


def test_a_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    file.write_bytes(b"\xef\xbb\xbfa\r\nb")
    assert own_path(str(file), "a text file") == file
    assert own_file(str(file), "a text file") == "a\r\nb"


def test_what_is_no_text_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    with pytest.raises(UserError, match=r"which is a folder; it must name a text file\."):
        own_path(str(tmp_path), "a text file")
    for path in (str(file), "x" * 5000, "~nobody-of-this-name/a"):
        with pytest.raises(MissingFile, match="There is no file"):
            own_path(path, "a text file")
    with pytest.raises(MissingFile, match=r"There is no file .*, which task\.val_path names\."):
        own_file(str(file), "a text file", "val_path")
    file.write_bytes(b"")
    with pytest.raises(UserError, match=r"text\.txt is empty\."):
        own_file(str(file), "a text file")
    file.write_bytes(b"a\nb\n\xff")
    with pytest.raises(UserError, match=r"line 3, is not UTF-8: a byte of it is 0xff\."):
        own_file(str(file), "a text file")


def test_the_nearest_name_in_the_folder_is_suggested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("Prices.csv", "Prices.txt", "other.csv"):
        (tmp_path / name).touch()
    (tmp_path / "photos").mkdir()
    for path in ("price.csv", "prices.csv", str(tmp_path / "prices.cvs")):
        with pytest.raises(MissingFile, match=r"which task\.path names; did you mean 'Prices\.csv'\?$"):
            own_path(path, "a text file")
    with pytest.raises(
        MissingFile, match=r"There is no folder photo, which task\.path names; did you mean 'photos'\?$"
    ):
        own_folder("photo", "a folder")
    for path in ("nowhere.csv", "nowhere/prices.csv", "Prices.csv/a"):
        with pytest.raises(MissingFile, match=r"which task\.path names\.$"):
            own_path(path, "a text file")


def test_a_folder_and_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert own_folder(str(tmp_path), "a folder") == tmp_path
    assert is_own_folder(str(tmp_path))
    assert not is_own_folder(str(tmp_path / "none"))
    with pytest.raises(MissingFile, match="There is no folder"):
        own_folder(str(tmp_path / "none"), "a folder")
    (tmp_path / "texts").mkdir()
    monkeypatch.chdir(tmp_path / "texts")
    assert [own_name(path) for path in (".", "../texts/", "a.csv")] == ["texts", "texts", "a.csv"]
    assert own_name("/") == "data"
