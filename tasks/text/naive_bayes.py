"""What counting words reaches: the baseline of texts. N words known, B batch, T time, C classes."""

from collections.abc import Iterator

import torch
from torch import Tensor

from gatebench.task import Split

BATCH = 256


def naive_bayes(train: Split, test: Split, words: int, classes: int = 2) -> float:
    """Return the accuracy on `test` of naive Bayes over which of the `words` numbers from 1 on stand in a text.

    A word counts once a text, which suits sentiment, and one is added to each count (Wang & Manning 2012). Number 0,
    what stands behind a text's end, does not count.
    """
    seen, texts = torch.ones(classes, words), torch.zeros(classes)
    for present, y in _present(train, words):
        seen.index_add_(0, y, present)
        texts += y.bincount(minlength=classes)
    weights = (seen / seen.sum(1, keepdim=True)).log().T
    prior = (texts / texts.sum()).log()
    correct = sum(int(((present @ weights + prior).argmax(1) == y).sum()) for present, y in _present(test, words))
    return correct / len(test)


def majority(train: Split, test: Split) -> float:
    """Return the accuracy on `test` of always answering with the class that is the most frequent in `train`."""
    classes = train.batch(torch.arange(len(train))).y
    return (test.batch(torch.arange(len(test))).y == classes.mode().values).double().mean().item()


def _present(split: Split, words: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (B, N), 1 for each word that stands in a text and else 0, with the classes (B,)."""
    for start in range(0, len(split), BATCH):
        batch = split.batch(torch.arange(start, min(start + BATCH, len(split))))
        present = torch.zeros(batch.x.shape[1], words)
        present.scatter_(1, batch.x.T.long(), 1.0)
        present[:, 0] = 0.0
        yield present, batch.y
