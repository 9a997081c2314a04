"""Texts as numbers: each word has one, and a vocabulary says which words a network knows."""

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

PAD, UNKNOWN, RESERVED = 0, 1, 2  # what stands behind a text's end, any word without a number, numbers before the words

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[!?]")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case: letters and digits with apostrophes inside, or a single ! or ?.

    All else separates words and is dropped. No list of words, language or model is behind it.

    Examples:
        >>> words_of("It's GREAT -- 10/10, isn't it?!")
        ["it's", 'great', '10', '10', "isn't", 'it', '?', '!']
    """
    return WORD.findall(text.lower())


@dataclass(frozen=True, eq=False)
class Corpus:
    """Texts, end to end. N texts, S words in all, V of them distinct.

    words: (V,) the distinct words, ascending. numbers: (S,) which of them stands where. lengths: (N,) in words.
    """

    words: Sequence[str]
    numbers: NDArray[np.int32]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, texts: Iterable[Sequence[str]]) -> Self:
        """Return the corpus of texts that are given word by word."""
        met: defaultdict[str, int] = defaultdict(count().__next__)
        numbers, lengths = array("i"), array("q")
        for words in texts:
            numbers.extend(map(met.__getitem__, words))
            lengths.append(len(words))
        ascending = sorted(met)
        rank = np.empty(len(met), np.int32)
        rank[[met[word] for word in ascending]] = np.arange(len(met))
        return cls(ascending, rank[np.frombuffer(numbers, np.intc)], np.array(lengths, np.int64))

    def to_arrays(self) -> Arrays:
        """Return the corpus as arrays of numbers, for a cache."""
        text = np.frombuffer("\n".join(self.words).encode(), np.uint8)
        return {"words": text, "numbers": self.numbers, "lengths": self.lengths}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Return what `to_arrays` was called on."""
        words = arrays["words"].tobytes().decode().split("\n")
        return cls(words, arrays["numbers"], arrays["lengths"])

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each text begins (N,)."""
        return np.cumsum(self.lengths) - self.lengths

    def copies(self) -> NDArray[np.int64]:
        """Return for each text (N,) the number of the first one that has the same words."""
        first: dict[bytes, int] = {}
        bounds = zip(self.starts.tolist(), self.lengths.tolist(), strict=True)
        return np.array([first.setdefault(self.numbers[s : s + n].tobytes(), i) for i, (s, n) in enumerate(bounds)])

    def vocabulary(self, texts: Sequence[int], size: int, min_frequency: int) -> NDArray[np.int32]:
        """Return the number (V,) that a network has for each word: UNKNOWN, or one from RESERVED on.

        The `size` words that are the most frequent in these texts have one, by falling frequency, if they stand there
        `min_frequency` times or more; of equally frequent words the first in the order of code points goes first.
        """
        chosen = np.zeros(len(self.lengths), np.bool_)
        chosen[list(texts)] = True
        frequency = np.bincount(self.numbers[np.repeat(chosen, self.lengths)], minlength=len(self.words))
        known = np.argsort(-frequency, kind="stable")[:size]
        known = known[frequency[known] >= min_frequency]
        table: NDArray[Any] = np.full(len(self.words), UNKNOWN, np.int32)
        table[known] = np.arange(RESERVED, RESERVED + len(known), dtype=np.int32)
        return table
