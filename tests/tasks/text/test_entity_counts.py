import pytest
import torch
from torch.nn.functional import one_hot

from gatebench.task import Batch
from tasks.text.entity_counts import count_entities, count_tags, f1_and_accuracy, tag_names
from tasks.text.entity_scores import entity_f1

TAGS = tag_names(["person", "place"])


def test_the_counts_are_those_of_seqeval() -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        true, predicted = (torch.randint(0, 5, (9, 12), generator=generator) for _ in range(2))
        lengths = torch.randint(1, 10, (12,), generator=generator)
        guess = torch.where(torch.rand(true.shape, generator=generator) < 0.5, true, predicted)
        totals = count_tags(10.0 * one_hot(guess, 5), Batch(true, true, lengths))
        texts = [
            [[TAGS[number] for number in column[:length]] for column, length in zip(tags.T, lengths, strict=True)]
            for tags in (true, guess)
        ]
        scores = f1_and_accuracy({name: value.item() for name, value in totals.items()})
        assert scores["f1"] == pytest.approx(entity_f1(*texts))


def test_an_entity_needs_its_words_and_its_type() -> None:
    true = torch.tensor([[1, 2, 0, 3, 3]]).T
    predicted = torch.tensor([[1, 0, 0, 3, 1]]).T
    counts = {name: int(value) for name, value in count_entities(predicted, true).items()}
    assert counts == {"right": 1, "predicted": 3, "true": 3}


def test_no_entity_at_all_scores_zero() -> None:
    totals = {"right": 0, "predicted": 0, "true": 0, "correct": 3, "tokens": 4}
    assert f1_and_accuracy(totals) == {"f1": 0.0, "accuracy": 0.75}
