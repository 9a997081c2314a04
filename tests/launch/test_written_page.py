from pathlib import Path

import pytest

from gatebench.errors import UserError
from launch.config.settings import Settings
from launch.written_page import page_path, write_page


def test_the_page_has_the_given_name_or_the_default(tmp_path: Path) -> None:
    assert page_path(Settings(), tmp_path / "a.html") == tmp_path / "a.html"
    assert page_path(Settings(page=f"{tmp_path}/b.html"), tmp_path) == tmp_path / "b.html"
    with pytest.raises(UserError, match="which is a folder; it must be the name of an HTML file"):
        page_path(Settings(page=str(tmp_path)), tmp_path)


def test_a_page_is_written_with_its_folder_or_refused_in_a_sentence(tmp_path: Path) -> None:
    page = tmp_path / "new" / "a.html"
    write_page(page, "é")
    assert page.read_text(encoding="utf-8") == "é"
    with pytest.raises(UserError, match=r"cannot be written: Not a directory\."):
        write_page(page / "below.html", "")
