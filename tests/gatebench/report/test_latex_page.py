"""LaTeX gives back any text, leaves nothing open, and is a table for a paper."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given

from gatebench.report.chosen_columns import with_columns
from gatebench.report.latex_page import LATEX, PREAMBLE, latex
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
    assert len({line.count(" & ") for line in re.sub(r"\\&", "", body).splitlines() if line.endswith(r" \\")}) == 1


def test_latex_has_a_table_of_booktabs_for_the_columns_that_fit() -> None:
    page = latex(table_with())
    found = re.findall(r"\\(?:begin|end)\{\w+\}|\\\w+rule", page)
    first = [r"\begin{table}", r"\begin{tabular}", r"\toprule", r"\midrule", r"\midrule", r"\bottomrule"]
    ends = [r"\end{tabular}", r"\end{table}"]
    further = [*first[:4], r"\bottomrule", *ends]
    assert found == [*first, *ends, *further, *further]
    # A bare bracket would be an argument of the \\ before it.
    assert "    {[}a{]} & " in latex(table_with("[a]"))
    assert r"base & \bfseries 90.33 +- 0.83 & 3 & {baseline} & -- \\" in page
    assert r"& {n} & {difference} & p (Holm) \\" in page
    assert "S[table-format=2.2(3)]" in page
    assert r"base & -- & 90.33 & 90.67 & 1234 \\" in page
    assert r"\caption{Which $<$gate$>$ matters? Task: sentiment.}" in page
    assert r"\caption{Which $<$gate$>$ matters? Task: sentiment. Part 2.}" in page
    assert page.count(r"\sisetup{") == 3
    labels = re.findall(r"\\label\{(.*)\}", page)
    assert len(set(labels)) == len(labels) == 3


def test_without_a_question_the_caption_is_the_title_and_long_labels_are_wrapped() -> None:
    page = latex(replace(table_with("a very long label of a cell that is wrapped"), question=""))
    assert r"\caption{Gate $<$ablation$>$ \& more, sentiment.}" in page
    assert r"{@{}>{\raggedright\arraybackslash}p{110pt}S" in page


def test_the_notes_are_below_the_first_table_only() -> None:
    page = latex(table_with())
    assert page.count("Difference: from base") == 1
    assert page.count("out of memory") == 1


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="there is no TeX on this machine")
@pytest.mark.parametrize(("options", "columns"), [("", ["article"]), ("", ["all"]), ("[twocolumn]", ["narrow"])])
def test_the_tables_fit_the_page(tmp_path: Path, options: str, columns: list[str]) -> None:
    table = with_columns(table_with("a_very-long[label=1] of a cell"), columns)
    document = rf"\documentclass{options}{{article}}{PREAMBLE}\begin{{document}}{latex(table)}\end{{document}}"
    (tmp_path / "table.tex").write_text(document, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "table.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
