"""Words as numbers: a number for a frequent word, and hashed features of the spelling of any word."""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from gatebench.module_export import OnnxNodes, PlainModule

UNKNOWN, FIRST_WORD = 1, 2
"""The numbers of rare words and of the first frequent word. 0 is the padding after the end of a sentence."""


def spelling(word: str) -> tuple[str, ...]:
    """Return the features of a word's spelling: its shape, its first three letters, its last three, its last two.

    The shape has X for upper case, x for lower case, d for digits, and each run of equal signs once.

    Examples:
        >>> spelling("McDonalds2016")
        ('XxXxd', 'mcd', '016', '16')
    """
    signs = ("X" if c.isupper() else "x" if c.islower() else "d" if c.isdigit() else c for c in word)
    shape = re.sub(r"(.)\1+", r"\1", "".join(signs))
    lower = word.lower()
    return shape, lower[:3], lower[-3:], lower[-2:]


FEATURES = len(spelling("word"))


class WordNumbers:
    """Maps words to rows of numbers, of which `SpelledWords` has an embedding each. F features of the spelling.

    Words are compared in lower case; their shape tells upper case.

    Args:
        words: the words of the training part.
        least: the least count of a word with a number of its own. Rarer words are unknown.
        buckets: the number of hash values of each feature of the spelling; 0 leaves these features out.
    """

    def __init__(self, words: Iterable[str], least: int, buckets: int) -> None:
        counts = Counter(word.lower() for word in words)
        frequent = sorted(word for word, count in counts.items() if count >= least)
        self._numbers = {word: FIRST_WORD + n for n, word in enumerate(frequent)}
        self._buckets = buckets
        self._rows: dict[str, list[int]] = {}

    @property
    def size(self) -> int:
        """The number of different numbers."""
        return FIRST_WORD + len(self._numbers) + FEATURES * self._buckets

    def row(self, word: str) -> list[int]:
        """Return the 1 + F numbers of a word."""
        if word not in self._rows:
            first = FIRST_WORD + len(self._numbers)
            hashed = [
                first + n * self._buckets + zlib.crc32(feature.encode()) % self._buckets
                for n, feature in enumerate(spelling(word) if self._buckets else ())
            ]
            self._rows[word] = [self._numbers.get(word.lower(), UNKNOWN), *hashed]
        return self._rows[word]

    def rows(self, words: Sequence[str]) -> NDArray[np.int32]:
        """Return the numbers (T, 1 + F) of T words."""
        return np.array([self.row(word) for word in words], np.int32)


class SpelledWords(nn.Module):
    """Encodes a word as the sum of the embeddings of its numbers, with dropout in training.

    It follows Bojanowski et al. 2017 ("Enriching word vectors with subword information") in the sum.

    Args:
        numbers: the number of different numbers.
        embedding: E, the size of the embeddings.
        dropout: the probability of dropout of a value.
    """

    def __init__(self, numbers: int, embedding: int, dropout: float) -> None:
        super().__init__()
        self.table = nn.Embedding(numbers, embedding, padding_idx=0)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return (T, B, E) floats of the numbers (T, B, 1 + F)."""
        summed: Tensor = self.dropout(self.table(x).sum(-2))
        return summed

    def to_onnx(self, nodes: OnnxNodes, x: str, lengths: str | None) -> str:
        """See `gatebench.module_export.ExportableModule`."""
        del lengths
        rows = nodes.add("Gather", nodes.constant(self.table.weight.detach().cpu().numpy()), x)
        return nodes.add("ReduceSum", rows, nodes.constant(np.array([2])), keepdims=0)

    def to_plain(self) -> PlainModule:
        """See `gatebench.module_export.ExportableModule`."""
        shape = f"{self.table.num_embeddings}, {self.table.embedding_dim}"
        return PlainModule(
            "{self}table({x}.long()).sum(-2)",
            {"table": f"nn.Embedding({shape})"},
            weights={"table.weight": self.table.weight},
        )
