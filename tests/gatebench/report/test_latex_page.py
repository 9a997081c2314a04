"""LaTeX gives back any text, leaves nothing open, and is a table for a paper."""

import re

from hypothesis import example, given

from gatebench.report.latex_page import LATEX, latex
from tests.gatebench.report.studies import MARKUP, labels, table_with


@given(MARKUP, MARKUP)
@example("a--b", "``c''")
def test_latex_gives_back_any_text_and_leaves_nothing_open(label: str, sentence: str) -> None:
    shown = table_with(label, sentence)
    page = latex(shown)
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
    assert {line.count(" & ") for line in re.sub(r"\\&", "", body).splitlines() if line.endswith(r" \\")} == {5}


def test_latex_has_a_table_of_booktabs_for_each_group_of_columns() -> None:
    page = latex(table_with())
    whole = [r"\begin{table}", r"\begin{tabular}", r"\toprule", r"\midrule", r"\bottomrule"]
    with_chance = [*whole[:4], r"\midrule", r"\bottomrule"]
    ends = [r"\end{tabular}", r"\end{table}"]
    found = re.findall(r"\\(?:begin|end)\{\w+\}|\\\w+rule", page)
    assert found == [*with_chance, *ends, *whole, *ends, *whole, *ends]
    # A bare bracket would be an argument of the \\ before it.
    assert "    {[}a{]} & " in latex(table_with("[a]"))
    assert r"\textbf{90.33 $\pm$ 0.83} & 3 & baseline & -- & -- \\" in page
    assert r"base & 1,234 & -- & 11 \\" in page
    assert r"\caption{Gate $<$ablation$>$ \& more, sentiment. Which $<$gate$>$ matters?}" in page
    assert r"\caption{Gate $<$ablation$>$ \& more, sentiment, cost and gates.}" in page
    labels = re.findall(r"\\label\{(.*)\}", page)
    assert len(set(labels)) == len(labels) == 3


def test_the_notes_are_below_the_first_table_only() -> None:
    page = latex(table_with())
    assert page.count("Difference: from base") == 1
    assert page.count("out of memory") == 1
