"""The table on a terminal."""

import re

from gatebench.report.ablation_table import AblationTable
from gatebench.report.task_table import Column, TableRow, TaskTable
from gatebench.report.text_page import number_mark, text
from tests.gatebench.report.studies import changed, gates, scored, table_of, table_with

LONG = "lstm_peephole[f=1 - i, i=1, output activation = identity, peephole = none, recurrent = diagonal]"


def blocks(page: str) -> list[list[str]]:
    """Return the lines of each block of columns, without rules."""
    parts = re.split(r"\n\n", page)
    lines = [[line for line in part.splitlines() if not line.startswith("─")] for part in parts if "───" in part]
    return [block[1:] if not block[0].startswith("cell") else block for block in lines]


def test_text_lines_up_and_fits_a_terminal() -> None:
    page = text(table_with(LONG))
    assert 80 <= max(map(len, page.splitlines())) <= 120
    comparison, cost = blocks(page)
    assert comparison[0].split() == [
        *["cell", "accuracy", "%", "↑", "n", "difference", "p", "(Holm)", "effect", "g", "median", "best"]
    ]
    assert cost[0].split() == ["cell", "parameters", "FLOPs/step", "seconds"]
    end = cost[0].index("parameters") + len("parameters")
    assert [line[end - 5 : end] for line in cost if line.startswith(("base", "third", "lost"))] == ["1,234"] * 3
    assert "\x1b" not in page
    assert re.search(r"^base .* 90.33 ± 0.83 \*", page, re.MULTILINE)
    assert re.search(r"^lost ¹ ", page, re.MULTILINE)


def test_a_table_that_is_narrow_enough_is_one_block() -> None:
    columns = (Column("cell", numeric=False), Column("score", name="score"), Column("seconds", group="cost"))
    rows = (TableRow(("lstm", "0.5", "1"), {"cell": "lstm"}, frozenset({1})), TableRow(("chance", "0.1", "–"), {}))
    page = text(AblationTable("Title", "", (TaskTable("digits", columns, rows),), "", ()))
    assert page.splitlines()[2:] == [
        "digits",
        "────────────────────────",
        "cell    score    seconds",
        "────────────────────────",
        "lstm      0.5 *        1",
        "chance    0.1          –",
        "────────────────────────",
        "",
        "",
    ]


def test_chance_is_only_in_the_block_of_the_score() -> None:
    page = text(table_of(changed(scored({"lstm": gates(f=0.5)}, lstm=0.5, gru_with_a_long_name=0.4), chance=0.1)))
    assert [sum(line.startswith("chance") for line in block) for block in blocks(page)] == [1, 0]


def test_many_columns_are_divided_into_more_blocks() -> None:
    columns = [Column("cell", numeric=False), *(Column(f"a column with number {n}") for n in range(12))]
    rows = (TableRow(("lstm", *["0.5"] * 12), {"cell": "lstm"}),)
    page = text(AblationTable("Title", "", (TaskTable("digits", tuple(columns), rows),), "", ()))
    assert max(map(len, page.splitlines())) <= 120
    assert len(blocks(page)) == 3
    assert all(f"number {n}" in page for n in range(12))


def test_a_narrow_terminal_gets_more_blocks_with_the_same_numbers() -> None:
    table = table_with(LONG)
    wide, narrow = text(table), text(table, 60)
    assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines()))
    assert len(blocks(narrow)) > len(blocks(wide))
    assert set(re.findall(r"\d+\.\d+", narrow)) == set(re.findall(r"\d+\.\d+", wide))


def test_text_wraps_a_long_label_without_losing_any_of_it() -> None:
    comparison, _ = blocks(text(table_with(LONG)))
    start = next(index for index, line in enumerate(comparison) if line.startswith("lstm"))
    end = next(index for index, line in enumerate(comparison) if line.startswith("third"))
    width = comparison[0].index("accuracy") - 2
    shown = "".join(line[:width] if index == 0 else line for index, line in enumerate(comparison[start:end]))
    assert "".join(shown.split()) == "".join(LONG.split())


def test_the_question_is_below_the_title() -> None:
    assert text(table_with()).splitlines()[:3] == ["Gate <ablation> & more", "Which <gate> matters?", ""]


def test_gates_are_in_the_block_of_the_cost() -> None:
    page = text(table_of(scored({"lstm": gates(f=0.8)}, lstm=0.5)))
    assert "keep (> 0.9)" in blocks(page)[-1][0]


def test_marks_of_footnotes_are_superscripts() -> None:
    assert number_mark((1, 12)) == "¹ ¹²"
