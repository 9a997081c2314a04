"""The HTML page gives back any text and contains no foreign tag."""

from html.parser import HTMLParser

from hypothesis import given

from gatebench.report.html_page import html
from tests.gatebench.report.studies import MARKUP, labels, table_with


class Cells(HTMLParser):
    """Collects the text of the rows' first cells, and every tag."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.labels: list[str] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if ("scope", "row") in attrs:
            self.labels.append("")
        self.inside = ("scope", "row") in attrs

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.labels[-1] += data


@given(MARKUP, MARKUP)
def test_html_gives_back_any_text_and_no_foreign_tag(label: str, sentence: str) -> None:
    shown = table_with(label, sentence)
    parser, plain = Cells(), Cells()
    parser.feed(html(shown))
    plain.feed(html(table_with("cell", "sentence")))
    assert parser.labels == labels(shown)
    assert parser.tags == plain.tags


def test_groups_of_columns_have_a_heading() -> None:
    page = html(table_with())
    assert '<th scope="colgroup" colspan="6"></th><th scope="colgroup" colspan="2">more scores</th>' in page
    assert '<p class="question">Which &lt;gate&gt; matters?</p>' in page
