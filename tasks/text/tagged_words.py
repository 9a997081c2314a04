"""A split of tagged sentences. N sentences, S words of all of them, T steps, B batch, F features of a word."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.blocks.padded_rows import padded_rows
from tasks.text.conll_columns import Sentence
from tasks.text.spelling import WordNumbers


@dataclass(eq=False, slots=True)
class TaggedWords:
    """Sentences, stored one after another.

    Attributes:
        words: (S, 1 + F) the numbers of the words.
        tags: (S,) the number of each word's tag.
        starts: (N,) the first word of each sentence.
        lengths: (N,) the number of words of each sentence.
    """

    words: Tensor
    tags: Tensor
    starts: Tensor
    lengths: Tensor | None

    @classmethod
    def of(cls, sentences: Sequence[Sentence], numbers: WordNumbers, tags: Sequence[str]) -> "TaggedWords":
        """Return the split of some sentences. The number of a tag is its place in `tags`."""
        places = {tag: place for place, tag in enumerate(tags)}
        lengths = torch.tensor([len(sentence.words) for sentence in sentences])
        return cls(
            torch.from_numpy(np.concatenate([numbers.rows(sentence.words) for sentence in sentences])),
            torch.tensor([places[tag] for sentence in sentences for tag in sentence.tags]),
            lengths.cumsum(0) - lengths,
            lengths,
        )

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def steps(self) -> int:
        """The number of words of the longest sentence."""
        assert self.lengths is not None  # `of` sets it
        return int(self.lengths.max())

    def with_tensors(self, change: Callable[[Tensor], Tensor]) -> "TaggedWords":
        """Return the split with changed tensors of tokens, for example on another device."""
        return replace(self, words=change(self.words), tags=change(self.tags))

    def batch(self, indices: Tensor) -> Batch:
        """Return the sentences with these indices (B,): words (T, B, 1 + F), tags (T, B), lengths (B,)."""
        assert self.lengths is not None  # `of` sets it
        starts, lengths = self.starts[indices], self.lengths[indices]
        return Batch(padded_rows(self.words, starts, lengths), padded_rows(self.tags, starts, lengths), lengths)
