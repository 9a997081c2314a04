from pathlib import Path

import pytest

from gatebench import own_input
from gatebench.errors import UserError
from gatebench.own_input import OwnInput


def test_a_text_is_given_by_itself_or_as_a_file(tmp_path: Path) -> None:
    file = tmp_path / "review.txt"
    file.write_text("très bien", encoding="utf-8")
    assert OwnInput(text="très bien").read_text() == OwnInput(file=file).read_text() == "très bien"
    assert (OwnInput(text="a").key, OwnInput(file=file).key) == ("text", "file")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"nowhere\.txt cannot be read: No such file or directory\.$"):
        OwnInput(file=tmp_path / "nowhere.txt").read_bytes()
    with pytest.raises(UserError, match=r"cannot be read: Is a directory\.$"):
        OwnInput(file=tmp_path).read_bytes()
    file = tmp_path / "file"
    file.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(UserError, match=r"is no text in UTF-8\.$"):
        OwnInput(file=file).read_text()
    monkeypatch.setattr(own_input, "LARGEST_INPUT", 2)
    with pytest.raises(UserError, match=r"has 3 bytes; at most 2 are read\.$"):
        OwnInput(file=file).read_bytes()


def test_a_task_that_reads_files_refuses_a_text() -> None:
    with pytest.raises(UserError, match=r"reads a file and no text; use file=PATH\.$"):
        OwnInput(text="a").read_bytes()
