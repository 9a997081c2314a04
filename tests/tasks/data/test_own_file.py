from pathlib import Path

import pytest

from gatebench.errors import UserError
from tasks.data.files import MissingFile
from tasks.data.own_file import own_file, own_path


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
    file.write_bytes(b"")
    with pytest.raises(UserError, match=r"text\.txt is empty\."):
        own_file(str(file), "a text file")
    file.write_bytes(b"a\nb\n\xff")
    with pytest.raises(UserError, match=r"line 3, is not UTF-8: a byte of it is 0xff\."):
        own_file(str(file), "a text file")
