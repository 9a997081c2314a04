from pathlib import Path

import pytest
import torch

from gatebench.machine.c_compiler import trouble
from tests import doc_pages
from tests.paths import ROOT


@pytest.mark.parametrize("page", doc_pages.PAGES)
def test_a_page_is_as_generated(page: str) -> None:
    if page == "backends.md" and (reason := trouble("fused")):
        pytest.skip(f"other backends refuse here: {reason}")
    if page == "backends.md" and torch.cuda.is_available():
        pytest.skip("the page is that of a machine without a GPU, where triton refuses every case")
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert doc_pages.generated(page, text) == text, "run `make doc-pages`"


def test_an_outdated_page_is_found_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doc_pages, "PAGES", {"a.md": {"part": lambda: "new"}})
    page = tmp_path / "a.md"
    page.write_text("# A\n\n<!-- part: generated -->\nold\n<!-- /part -->\nby hand\n", encoding="utf-8")
    assert doc_pages.outdated(tmp_path) == ["a.md"]
    assert "old" in page.read_text(encoding="utf-8")
    assert doc_pages.outdated(tmp_path, write=True) == ["a.md"]
    assert page.read_text(encoding="utf-8") == ("# A\n\n<!-- part: generated -->\n\nnew\n\n<!-- /part -->\nby hand\n")
    assert doc_pages.outdated(tmp_path) == []


def test_a_page_without_its_comments_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cells\.md must have <!-- cell-table: generated -->"):
        doc_pages.generated("cells.md", "# Cells")


def test_a_bar_in_a_table_is_escaped() -> None:
    assert doc_pages.markdown_table([["a", "n"], ["x|y", "1"]], "lr").splitlines()[1:] == [
        "| --- | ---: |",
        r"| x\|y | 1 |",
    ]
