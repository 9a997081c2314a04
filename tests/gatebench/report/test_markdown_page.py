"""Markdown gives back any text and contains no foreign tag."""

import re

from hypothesis import example, given
from markdown_it import MarkdownIt

from gatebench.report.markdown_page import markdown
from tests.gatebench.report.studies import MARKUP, labels, table_with


@given(MARKUP, MARKUP)
@example("__a__", "_a_ *b* `c`")
@example("[a](b)", "![a](b)")
@example("[a]: b", "# <b>&amp;")
def test_markdown_gives_back_any_text_and_no_foreign_tag(label: str, sentence: str) -> None:
    shown = table_with(label, sentence)
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(markdown(shown))
    cells = re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>", page)
    unescaped = [re.sub(" <sup>1</sup>$", "", cell) for cell in cells]
    for entity, character in {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}.items():
        unescaped = [cell.replace(entity, character) for cell in unescaped]
    assert unescaped == labels(shown)
    assert set(re.findall(r"<(\w+)", page)) == {
        "h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "sup", "strong",
    }  # fmt: skip


def test_markdown_leaves_an_ordinary_label_as_it_is() -> None:
    page = markdown(table_with())
    assert "| lstm_peephole[f=1 - i] | **80.33 ± 0.83** | 3 |" in page
    assert "| base | **90.33 ± 0.83** | 3 | baseline |" in page
    assert "| lost <sup>1</sup> | 50.00 | 1 of 3 |" in page
