import numpy as np
import pytest
from torch import nn

from gatebench.errors import UserError
from tasks.text.language_model import language_problem
from tasks.text.next_token import bits_and_accuracy


def problem(*sizes: int):  # type: ignore[no-untyped-def]
    parts = [np.arange(size) % 3 for size in sizes]
    return language_problem(
        parts,
        (4, 10),
        nn.Embedding(3, 2),
        2,
        ["a", "b", "c"],
        scores=bits_and_accuracy,
        score_of_bits=float,
        longest_ngram=3,
        carries_state=True,
        separator="",
        place="book.txt",
    )


def test_a_regular_text_is_known_to_the_ngram_model() -> None:
    unigram, ngram = problem(60, 20, 20).baselines().items()
    assert unigram[0] == "unigram"
    assert unigram[1] > 1.5
    assert ngram[1] < 0.1


def test_a_part_needs_two_tokens() -> None:
    with pytest.raises(
        UserError, match=r"The text in book\.txt has 26 tokens, and its validation part has 1; each part needs two"
    ):
        problem(20, 1, 5)


def test_the_state_is_carried_if_the_task_says_so() -> None:
    assert problem(60, 20, 20).carries_state
