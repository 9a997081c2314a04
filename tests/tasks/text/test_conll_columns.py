import pytest

from gatebench.errors import UserError
from tasks.text.conll_columns import Sentence, read_columns

ANNA = Sentence(("Anna", "runs"), ("B-P", "O"))
ROME = Sentence(("New", "Rome"), ("B-L", "I-L"))


def test_an_empty_line_ends_a_sentence() -> None:
    text = "Anna\tB-P\r\nruns\tO\r\n\t\r\n\n# a comment\nNew\tB-L\nRome\tI-L"
    assert read_columns(text, "a") == [[ANNA], [ROME]]


def test_a_line_of_a_document_starts_one() -> None:
    text = "-DOCSTART- -X- O\n\nAnna N B-P\nruns V O\n\nNew A B-L\nRome N I-L\n-DOCSTART- -X- O\nAnna N B-P\nruns V O\n"
    assert read_columns(text, "a") == [[ANNA, ROME], [ANNA]]


def test_the_columns_are_chosen_and_other_schemes_become_bio() -> None:
    assert read_columns("1 S-P Anna x\n2 O runs x\n\n1 B-L New x\n2 E-L Rome x", "a", 2, 1) == [[ANNA], [ROME]]
    assert read_columns("#Anna B-P", "a") == [[Sentence(("#Anna",), ("B-P",))]]  # no comment: spaces between columns


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("\n\n", (0, -1), "a has no tagged sentence"),
        ("Anna B-P\nruns NN O", (0, -1), "a, line 2, has 3 columns, and the first line with a word has 2"),
        ("Anna B-P", (0, 2), "a, line 1, has 2 columns, and task.column is 2; the first column is 0"),
        ("Anna B-P", (-3, 1), "task.word_column is -3"),
        ("Anna", (0, -1), "a, line 1, has 1 column; the word and its tag are in two columns"),
        ("Anna NNP", (0, -1), "a, line 1, has the tag 'NNP'; it must be O, B-TYPE or I-TYPE"),
        ("a\tO\n\tO", (0, -1), "a, line 2, has no word"),
    ],
)
def test_wrong_lines_are_named(text: str, columns: tuple[int, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_columns(text, "a", *columns)
