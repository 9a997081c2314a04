"""The formats by their names."""

import pytest

from gatebench.report.render import FORMATS
from tests.gatebench.report.studies import table_with


def test_formats_are_these() -> None:
    assert list(FORMATS) == ["text", "markdown", "latex", "csv", "html"]


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_shows_every_row_and_ends_in_a_newline(name: str) -> None:
    page = FORMATS[name](table_with("cell"))
    one_line = " ".join(page.split())
    assert page.endswith("\n")
    for label in ("base", "cell", "third", "lost"):
        assert label in page
    assert "out of memory" in one_line
    assert ("80.33" in page) == (name != "csv")
    assert ("matters?" in page) == (name != "csv")
