import torch

from tasks.text.conll_columns import Sentence
from tasks.text.spelling import WordNumbers
from tasks.text.tagged_words import TaggedWords


def test_a_batch_is_padded() -> None:
    sentences = [Sentence(("a", "b", "a"), ("O", "B-x", "I-x")), Sentence(("b",), ("O",))]
    split = TaggedWords.of(sentences, WordNumbers("ab", 1, 0), ["O", "B-x", "I-x"])
    assert (len(split), split.steps) == (2, 3)
    batch = split.batch(torch.tensor([1, 0]))
    assert batch.x[..., 0].T.tolist() == [[3, 0, 0], [2, 3, 2]]
    assert batch.y.T.tolist() == [[0, 0, 0], [0, 1, 2]]
    assert batch.lengths is not None
    assert batch.lengths.tolist() == [1, 3]
