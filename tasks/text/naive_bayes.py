"""A baseline of text classification: naive Bayes on the words of a text.

N words, B batch, T time, C classes. Naive Bayes is written by hand because it is a few lines on the tensors of a split;
`MultinomialNB` of scikit-learn, with which a test compares it, needs NumPy arrays and a slow import.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from gatebench.task import Split

BATCH_SIZE = 256


def naive_bayes(train: Split, test: Split, words: int, classes: int = 2) -> float:
    """Return the accuracy on `test` of multinomial naive Bayes on the words of a text, fitted on `train`.

    A word is counted once for each text, which gives better results on sentiment, and 1 is added to each count (Wang &
    Manning 2012). Number 0, the padding, is not counted.

    Args:
        train: the training split, with word numbers from 0 to `words` - 1.
        test: the test split.
        words: N, the number of word numbers.
        classes: C.
    """
    counts, texts = torch.ones(classes, words), torch.zeros(classes)
    for present, y in _present(train, words):
        counts.index_add_(0, y, present)
        texts += y.bincount(minlength=classes)
    weights = (counts / counts.sum(1, keepdim=True)).log().T
    prior = (texts / texts.sum()).log()
    correct = sum(int(((present @ weights + prior).argmax(1) == y).sum()) for present, y in _present(test, words))
    return correct / len(test)


def _present(split: Split, words: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of (B, N), 1 if the text contains the word and else 0, and of the classes (B,)."""
    for start in range(0, len(split), BATCH_SIZE):
        batch = split.batch(torch.arange(start, min(start + BATCH_SIZE, len(split))))
        present = torch.zeros(batch.x.shape[1], words)
        present.scatter_(1, batch.x.T.long(), 1.0)
        present[:, 0] = 0.0
        yield present, batch.y
