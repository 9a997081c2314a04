"""The estimates are compared with widths that pdfTeX has measured for Computer Modern at 9 points."""

import pytest

from gatebench.report.printed_width import ARTICLE, LABEL_WIDTH, blocks, column_width, fitting, table_width, text_width
from gatebench.report.task_table import Column, TableRow, TaskTable

MEASURED = {
    "lstm_no_output": 61.2,
    "logistic regression": 71.1,
    "accuracy % ↑": 53.7,
    "73.7 ± 3.0": 41.6,
    "+8.8 [+4.4, +13.3]": 75.5,
    "p (Holm)": 37.3,
    "training.learning_rate=0.015": 114.4,
}
COLUMNS = (Column("cell", numeric=False), *(Column("a title of some length") for _ in range(5)))
TABLE = TaskTable("digits", COLUMNS, (TableRow(("x" * 60, *"12345"), {"cell": "x"}),))


@pytest.mark.parametrize("text", MEASURED)
def test_a_text_is_not_wider_than_its_estimate_and_at_most_a_tenth_narrower(text: str) -> None:
    assert 0.99 * MEASURED[text] < text_width(text) < 1.1 * MEASURED[text]


def test_blocks_fit_the_page_and_have_every_column_once() -> None:
    found = blocks(TABLE, ARTICLE)
    assert [index for block in found for index in block if index] == [1, 2, 3, 4, 5]
    assert all(block[0] == 0 and table_width(TABLE, block) <= ARTICLE for block in found)
    assert len(found) == 3
    assert [len(block) for block in blocks(TABLE, 1.0)] == [2] * 5
    assert column_width(TABLE, 0) < LABEL_WIDTH + 10


def test_the_first_columns_of_a_list_that_fit_are_chosen() -> None:
    assert fitting(TABLE, [4, 2, 1], ARTICLE) == [0, 2, 4]
    assert fitting(TABLE, [4, 2, 1], 1.0) == [0, 4]
    assert fitting(TABLE, [], ARTICLE) == [0]
