from html.parser import HTMLParser

from gatebench.report.ablation_table import AblationTable
from gatebench.report.report_page import report_page

EMPTY = AblationTable("Gate ablation: a < b", "Which gate < all?", (), "", ())


class Reader(HTMLParser):
    """Collects the texts and the pictures of a page, and checks that its elements are closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.sources: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.sources.append(dict(attrs)["src"] or "")
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_the_page_has_question_table_and_figures() -> None:
    figures = {"digits: scores": b"<svg/>", "<b>: curves": b"<svg/>"}
    page = Reader(report_page(EMPTY, figures))
    assert page.open == []
    order = [page.texts.index(text) for text in ("Gate ablation: a < b", "Which gate < all?", "digits: scores")]
    assert order == sorted(order)
    assert "<b>: curves" in page.texts
    assert "Each mark is a trial, and each line the mean of a cell." in page.texts
    assert page.sources == ["data:image/svg+xml;base64,PHN2Zy8+"] * 2


def test_a_study_without_figures_has_only_its_table() -> None:
    page = Reader(report_page(EMPTY, {}))
    assert page.sources == []
    assert page.open == []
