"""Texts as sequences of word numbers, and the vocabulary of a network.

This is written by hand because torchtext is no longer developed, and because `CountVectorizer` of scikit-learn drops
the order of the words.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tasks.data.array_cache import Arrays

PAD = 0  # the number after the end of a text
UNKNOWN = 1  # the number of every word that is not in the vocabulary
RESERVED = 2  # the number of the first word in the vocabulary

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[!?]")


def tokenize(text: str) -> list[str]:
    """Return the words of a text in lower case.

    A word is a sequence of letters and digits, with apostrophes inside, or a single ! or ?. All other characters
    separate words and are dropped. No dictionary and no language model is used.

    Examples:
        >>> tokenize("It's GREAT -- 10/10, isn't it?!")
        ["it's", 'great', '10', '10', "isn't", 'it', '?', '!']
    """
    return WORD.findall(text.lower())


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts that are stored one after another. N texts, S words in total, V different words.

    Attributes:
        words: (V,) the different words in ascending order.
        numbers: (S,) index into `words` of each word of the texts.
        lengths: (N,) number of words of each text.
    """

    words: Sequence[str]
    numbers: NDArray[np.int32]
    lengths: NDArray[np.int64]

    @classmethod
    def from_texts(cls, texts: Iterable[Sequence[str]]) -> Self:
        """Return the corpus of texts, each of which is a sequence of words."""
        first_seen: defaultdict[str, int] = defaultdict(count().__next__)  # numbers the words in order of appearance
        numbers, lengths = array("i"), array("q")  # compact arrays: a list of numbers would take several times as much
        for words in texts:
            numbers.extend(map(first_seen.__getitem__, words))
            lengths.append(len(words))
        ascending = sorted(first_seen)
        rank = np.empty(len(first_seen), np.int32)
        rank[[first_seen[word] for word in ascending]] = np.arange(len(first_seen))
        return cls(ascending, rank[np.frombuffer(numbers, np.intc)], np.array(lengths, np.int64))

    def to_arrays(self) -> Arrays:
        """Return the corpus as numeric arrays, which a cache can store."""
        text = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        return {"words": text, "numbers": self.numbers, "lengths": self.lengths}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return the corpus from the arrays of `to_arrays`."""
        words = arrays["words"].tobytes().decode().split("\n")
        return cls(words, arrays["numbers"], arrays["lengths"])

    def text(self, index: int) -> list[str]:
        """Return the words of a text."""
        start = int(self.starts[index])
        return [self.words[number] for number in self.numbers[start : start + int(self.lengths[index])]]

    @property
    def starts(self) -> NDArray[np.int64]:
        """(N,) index in `numbers` of the first word of each text."""
        return np.cumsum(self.lengths) - self.lengths

    def first_copies(self) -> NDArray[np.int64]:
        """Return (N,), for each text, the index of the first text with the same words."""
        first: dict[bytes, int] = {}
        result = []
        for index, (start, length) in enumerate(zip(self.starts.tolist(), self.lengths.tolist(), strict=True)):
            words = self.numbers[start : start + length].tobytes()
            result.append(first.setdefault(words, index))
        return np.array(result)

    def vocabulary(self, texts: Sequence[int], size: int, min_frequency: int) -> NDArray[np.int32]:
        """Return (V,), for each word, the number that the network receives: `UNKNOWN`, or a number from `RESERVED` on.

        The vocabulary consists of the most frequent words. Numbers are given in order of decreasing frequency; equally
        frequent words are sorted by code points.

        Args:
            texts: the indices of the texts in which the frequencies are counted.
            size: the largest size of the vocabulary.
            min_frequency: how often a word of the vocabulary must occur in these texts.
        """
        chosen = np.zeros(len(self.lengths), np.bool_)
        chosen[list(texts)] = True
        frequency = np.bincount(self.numbers[np.repeat(chosen, self.lengths)], minlength=len(self.words))
        known = np.argsort(-frequency, kind="stable")[:size]
        known = known[frequency[known] >= min_frequency]
        table: NDArray[Any] = np.full(len(self.words), UNKNOWN, np.int32)
        table[known] = np.arange(RESERVED, RESERVED + len(known), dtype=np.int32)
        return table
