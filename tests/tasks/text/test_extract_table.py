import math

import pytest
import torch

from gatebench.task import Batch
from tasks.text.articles import Article
from tasks.text.extract_table import ExtractTable, mean_scores, sentence_count, sentence_loss
from tasks.text.parallel_text import ParallelSplit

ARTICLES = [
    Article("a", "", ("One two three.", "Four five.", "Six seven."), "Four five."),
    Article("b", "", ("Red green blue.", "Sun."), "Red green blue."),
]


@pytest.fixture
def table() -> ExtractTable:
    return ExtractTable(ARTICLES, None, 1)


def batch(table: ExtractTable) -> Batch:
    split = ParallelSplit.of([[5], [6]], [table.targets(0, 3), table.targets(1, 2)])
    return split.batch(torch.tensor([1, 0]))


def test_a_batch_knows_its_articles_and_their_labels(table: ExtractTable) -> None:
    found = batch(table)
    assert found.y.T.tolist() == [[9, 10, 0], [2, 5, 6]]
    logits = torch.tensor([[0.0, 1.0], [1.0, 2.0], [9.0, 3.0]])
    assert table.orders(logits, found) == [(1, [1, 0]), (0, [2, 1, 0])]
    assert sentence_count(found) == 5


def test_summaries_have_the_share_of_the_first_articles(table: ExtractTable) -> None:
    assert table.share == 2 / 7
    assert table.extract(0, [2, 1, 0]) == [2]
    assert ExtractTable(ARTICLES, 0.7, 1).text(0, [2, 1, 0]) == "Four five.\nSix seven."
    assert table.words(1, [1, 0]) == ("sun",)


def test_the_scores_of_logits_are_those_of_the_chosen_sentences(table: ExtractTable) -> None:
    found = batch(table)
    right = (found.y % 2).float()
    totals = {name: value.item() for name, value in table.tally(right, found).items()}
    assert mean_scores(totals) == {"rouge2": 1, "rouge1": 1}
    wrong = {name: value.item() for name, value in table.tally(-right, found).items()}
    assert mean_scores(wrong) == {"rouge2": 0, "rouge1": 0}
    assert table.rouge2([0, 1], table.oracle) == 1
    assert table.rouge2([0, 1], table.lead) == 0.5
    assert sorted(table.drawn(0)) == [0, 1, 2]
    assert table.oracle(0) == [1, 0, 2]


def test_the_loss_counts_sentences_only(table: ExtractTable) -> None:
    found = batch(table)
    logits = torch.zeros(3, 2)
    logits[2, 0] = torch.nan  # no sentence
    assert sentence_loss(logits, found).item() == pytest.approx(math.log(2))
