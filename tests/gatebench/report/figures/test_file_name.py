import pytest

from gatebench.report.figures.file_name import file_name


@pytest.mark.parametrize("title", ["../../etc/passwd", "a\\b", "digits[pixels=4, images=4]: scores", "a\0b", "x y/z"])
def test_no_character_has_a_meaning_in_a_path(title: str) -> None:
    assert not {"/", "\\", "\0", " ", ":"} & set(file_name(title))
