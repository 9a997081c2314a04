from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch.new_file import write_new_file


def test_a_file_is_written_once(tmp_path: Path) -> None:
    path = write_new_file(str(tmp_path / "table.csv"), b"a,b\n")
    assert path.read_bytes() == b"a,b\n"
    with pytest.raises(UserError, match=r"The file .*table\.csv exists already; choose another file=NAME\."):
        write_new_file(str(path), b"")
    assert path.read_bytes() == b"a,b\n"


def test_a_folder_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be written: No such file or directory\."):
        write_new_file(str(tmp_path / "nowhere" / "table.csv"), b"")
