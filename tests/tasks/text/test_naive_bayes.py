import numpy as np
import pytest
import torch
from sklearn.naive_bayes import MultinomialNB

from tasks.blocks.ragged import RaggedSplit
from tasks.text.naive_bayes import naive_bayes

WORDS = 30


def split_of(seed: int, count: int, flip: float = 0.0) -> tuple[RaggedSplit, np.ndarray, torch.Tensor]:
    """Texts of two classes that prefer one half of the words each, with which words stand in each of them."""
    rng = np.random.default_rng(seed)
    y = torch.from_numpy(rng.integers(0, 2, count))
    lengths = rng.integers(1, 12, count)
    texts = [
        rng.integers(1 + 10 * (label ^ (rng.random() < flip)), 20 + 10 * label, length)
        for label, length in zip(y.tolist(), lengths, strict=True)
    ]
    present = np.zeros((count, WORDS))
    for row, text in zip(present, texts, strict=True):
        row[text] = 1
    values = torch.from_numpy(np.concatenate([*texts, [0]]).astype(np.int32))
    ends = torch.from_numpy(lengths.cumsum())
    return RaggedSplit(values, ends - torch.from_numpy(lengths), torch.from_numpy(lengths), y), present, y


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_scikit_learn(seed: int) -> None:
    (train, train_present, train_y), (test, test_present, test_y) = (
        split_of(seed, 300, 0.3),
        split_of(seed + 99, 270, 0.3),
    )
    theirs = MultinomialNB().fit(train_present, train_y).score(test_present, test_y)
    ours = naive_bayes(train, test, WORDS)
    assert ours == pytest.approx(theirs)
    assert 0.6 < ours < 1
