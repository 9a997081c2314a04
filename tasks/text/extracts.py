"""Summaries that consist of sentences of the text: how sentences are chosen, and simple ways to rank them.

n sentences of a text, each given by the words that ROUGE counts.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

Sentence = tuple[str, ...]


def choose(order: Iterable[int], lengths: Sequence[int], words: float) -> list[int]:
    """Return the sentences of a summary, in ascending order: the first ones of an order.

    A sentence is added as long as the number of words then differs less from the wanted number than without it. At
    least one sentence is chosen.

    Args:
        order: the sentences, the best one first.
        lengths: (n,) the number of words of each sentence.
        words: the wanted number of words of the summary.
    """
    chosen: list[int] = []
    total = 0
    for sentence in order:
        if chosen and total + lengths[sentence] / 2 > words:
            break
        chosen.append(sentence)
        total += lengths[sentence]
    return sorted(chosen)


def joined(sentences: Sequence[Sentence], chosen: Iterable[int]) -> Sentence:
    """Return the words of some sentences, one after another."""
    return tuple(word for place in chosen for word in sentences[place])


def oracle_sentences(sentences: Sequence[Sentence], reference: Sentence) -> list[int]:
    """Return the sentences that are most like a summary, in the order in which they were found.

    The search is greedy (Nallapati, Zhai & Zhou 2017): the sentence is added that raises the sum of ROUGE-1 and ROUGE-2
    most, until none does. Bigrams over the end of a sentence are not counted.

    Args:
        sentences: the n sentences of the text.
        reference: the words of the right summary.
    """
    grams = Counter(_grams(reference))
    singles = len(set(reference))  # they come first
    places = {gram: place for place, gram in enumerate(grams)}
    counts = np.zeros((len(sentences), len(grams)), np.int32)
    for row, sentence in zip(counts, sentences, strict=True):
        for gram in _grams(sentence):
            if gram in places:
                row[places[gram]] += 1
    wanted = np.array(list(grams.values()), np.int32)
    lengths = np.array([len(sentence) for sentence in sentences])
    chosen: list[int] = []
    best, covered = 0.0, np.zeros(len(grams), np.int32)
    words, pairs = len(reference), len(reference) - 1
    while len(chosen) < len(sentences):
        common = np.minimum(covered + counts, wanted)
        gain = 2 * common[:, :singles].sum(1) / (words + lengths)
        gain += 2 * common[:, singles:].sum(1) / np.maximum(pairs + lengths - 1, 1)
        gain[chosen] = -1
        found = int(gain.argmax())
        if gain[found] <= best:
            break
        best = float(gain[found])
        chosen.append(found)
        covered += counts[found]
        words, pairs = words + int(lengths[found]), pairs + int(lengths[found]) - 1
    return chosen


class Centroid:
    """Ranks the sentences of a text by their likeness to the whole text (Radev, Jing, Styś & Tam 2004).

    The likeness is the cosine of the counts of words, each weighted by ln(D / (1 + d)), where d of the D training texts
    have the word.

    Args:
        texts: the words of each training text.
    """

    def __init__(self, texts: Sequence[Iterable[str]]) -> None:
        self._texts = len(texts)
        self._having = Counter(word for text in texts for word in set(text))

    def order(self, sentences: Sequence[Sentence]) -> list[int]:
        """Return the places of the sentences, the one that is most like the text first."""
        text = self._weighted(word for sentence in sentences for word in sentence)
        likeness = [self._cosine(self._weighted(sentence), text) for sentence in sentences]
        return sorted(range(len(sentences)), key=lambda place: -likeness[place])

    def _weighted(self, words: Iterable[str]) -> dict[str, float]:
        return {word: n * math.log(self._texts / (1 + self._having[word])) for word, n in Counter(words).items()}

    def _cosine(self, one: dict[str, float], other: dict[str, float]) -> float:
        """Return the cosine up to a factor that all sentences of a text share."""
        length = math.sqrt(sum(value * value for value in one.values()))
        return sum(value * other[word] for word, value in one.items()) / length if length else 0.0


def _grams(words: Sentence) -> list[tuple[str, ...]]:
    """Return the words and the pairs of neighbours."""
    return [*((word,) for word in words), *pairwise(words)]
