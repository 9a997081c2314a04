"""The formats: each must give back what was put in, whatever characters it was made of."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from markdown_it import MarkdownIt

from gatebench.report.ablation_table import ablation_table
from gatebench.report.render import FORMATS, LATEX
from gatebench.task import Metric
from tests.gatebench.report.studies import MARKUP, labels, outcome, table_with


def test_formats_are_these() -> None:
    assert list(FORMATS) == ["text", "markdown", "latex", "csv", "html"]


@pytest.mark.parametrize("name", list(FORMATS))
def test_every_format_shows_every_row_and_ends_in_a_newline(name: str) -> None:
    page = FORMATS[name](table_with("cell"))
    assert page.endswith("\n")
    for label in ("base", "cell", "third", "lost"):
        assert label in page
    assert "out of memory" in page
    assert ("80.33" in page) == (name != "csv")


def test_text_lines_up_and_fits_a_terminal() -> None:
    lines = FORMATS["text"](table_with("lstm_peephole[f=1 - i, i=1, output activation = identity, peephole = none]"))
    width = max(map(len, lines.splitlines()))
    assert 80 <= width <= 120
    head, base, *more = (
        line for line in lines.splitlines() if re.match(r"cell |base |lstm|  \S|third|lost|chance", line)
    )
    column = head.index("n  ")
    assert {line[column] for line in [base, *more] if re.search("[±–]", line)} <= set("3210–")
    assert "\x1b" not in lines
    assert re.search(r"^base .* 90.33 ± 0.83 \*", lines, re.MULTILINE)
    assert re.search(r"^lost ¹ ", lines, re.MULTILINE)


def test_text_wraps_a_long_label_without_losing_any_of_it() -> None:
    label = "lstm_peephole[f=1 - i, i=1, output activation = identity, peephole = none, recurrent = diagonal]"
    assert "".join(label.split()) in "".join(
        line[:50].split("  ")[0] if not line.startswith("  ") else line
        for line in FORMATS["text"](table_with(label)).splitlines()
    ).replace(" ", "")


@given(MARKUP, MARKUP)
@example("__a__", "_a_ *b* `c`")
@example("[a](b)", "![a](b)")
@example("[a]: b", "# <b>&amp;")
def test_markdown_gives_back_any_text_and_no_foreign_tag(label: str, sentence: str) -> None:
    shown = table_with(label, sentence)
    page = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(FORMATS["markdown"](shown))
    cells = re.findall(r"<tr>\s*<td[^>]*>(.*?)</td>", page)
    unescaped = [re.sub(" <sup>1</sup>$", "", cell) for cell in cells]
    for entity, character in {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&amp;": "&"}.items():
        unescaped = [cell.replace(entity, character) for cell in unescaped]
    assert unescaped == labels(shown)
    assert set(re.findall(r"<(\w+)", page)) == {
        "h2", "h3", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "sup", "strong",
    }  # fmt: skip


def test_markdown_leaves_an_ordinary_label_as_it_is() -> None:
    assert "| lstm_peephole[f=1 - i] | 80.33 ± 0.83 | 3 |" in FORMATS["markdown"](table_with())
    assert "| base | **90.33 ± 0.83** | 3 | baseline |" in FORMATS["markdown"](table_with())


@given(MARKUP, MARKUP)
@example("a--b", "``c''")
def test_latex_gives_back_any_text_and_leaves_nothing_open(label: str, sentence: str) -> None:
    shown = table_with(label, sentence)
    page = FORMATS["latex"](shown)
    body = page[page.index(r"\midrule") : page.index(r"\bottomrule")]
    cells = [line.split(" & ")[0].strip() for line in body.splitlines() if line.endswith(r" \\")]
    assert not any(re.search(r"--|``|''", cell) for cell in cells)
    written = {sign: character for character, sign in LATEX.items()}
    signs = re.compile("|".join(map(re.escape, sorted(written, key=len, reverse=True))))
    back = [signs.sub(lambda match: written[match[0]], cell.replace(r"\textsuperscript{1}", "")) for cell in cells]
    assert [cell.replace("\0", "") for cell in back] == labels(shown)
    bare = re.sub(r"\\[{}%&#_$]", "", page)
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    assert not re.search(r"[#^~]", bare.replace("}~", "}"))
    assert {line.count(" & ") for line in re.sub(r"\\&", "", body).splitlines() if line.endswith(r" \\")} == {6}


def test_latex_is_a_table_of_booktabs() -> None:
    page = FORMATS["latex"](table_with())
    assert re.findall(r"\\(?:begin|end)\{\w+\}|\\\w+rule", page) == [
        r"\begin{table}", r"\begin{tabular}", r"\toprule", r"\midrule", r"\midrule", r"\bottomrule",
        r"\end{tabular}", r"\end{table}",
    ]  # fmt: skip
    # A bare bracket would be an argument of the \\ before it.
    assert "    {[}a{]} & " in FORMATS["latex"](table_with("[a]"))
    assert r"\textbf{90.33 $\pm$ 0.83} & 3 & baseline & -- & 1,234 & 11 \\" in page
    assert r"\caption{Gate $<$ablation$>$ \& more: sentiment.}" in page


@given(MARKUP, MARKUP)
def test_csv_gives_back_every_number_to_the_last_bit(label: str, sentence: str) -> None:
    shown = table_with(label, sentence)
    found = list(csv.DictReader(io.StringIO(FORMATS["csv"](shown))))
    records = [row.record for row in shown.task_tables[0].rows if row.record]
    assert len(found) == len(records) == 4
    for line, record in zip(found, records, strict=True):
        assert line["cell"] == record["cell"]
        for column, value in record.items():
            if isinstance(value, float):
                assert float(line[column]) == value
            else:
                assert line[column] == (
                    "" if value is None else str(value).lower() if value in (True, False) else str(value)
                )


def test_csv_has_a_line_for_every_task_and_all_their_columns() -> None:
    gate = {"gate/l0/keep/f/mean": 0.75}
    other = outcome("base", 0, 0.5, "ett", metrics=gate, metric=Metric("mse", "min"))
    both = ablation_table([outcome("base", 0, 0.5), other])
    first, second = csv.DictReader(io.StringIO(FORMATS["csv"](both)))
    assert (first["task"], first["gate/l0/keep/f/mean"], first["direction"]) == ("sentiment", "", "max")
    assert (second["task"], second["gate/l0/keep/f/mean"], second["direction"]) == ("ett", "0.75", "min")
