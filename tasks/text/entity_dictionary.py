"""A dictionary of the entities of the training part, which tags the longest entries that it finds."""

from collections import Counter
from collections.abc import Sequence

from tasks.text.conll_columns import Sentence
from tasks.text.entity_scores import entities_of


class EntityDictionary:
    """The phrases that are entities in at least half of their occurrences, with their most frequent type.

    It resembles the baseline of Tjong Kim Sang & De Meulder 2003, which leaves out the phrases of several types.

    Args:
        sentences: the training part.
    """

    def __init__(self, sentences: Sequence[Sentence]) -> None:
        kinds: dict[tuple[str, ...], Counter[str]] = {}
        for sentence in sentences:
            for start, end, kind in entities_of(sentence.tags):
                kinds.setdefault(sentence.words[start:end], Counter())[kind] += 1
        self._longest = max(map(len, kinds), default=0)
        first_words = {phrase[0] for phrase in kinds}
        occurrences = Counter(
            phrase
            for sentence in sentences
            for start, word in enumerate(sentence.words)
            if word in first_words
            for length in range(1, self._longest + 1)
            if (phrase := sentence.words[start : start + length]) in kinds and len(phrase) == length
        )
        self._kinds = {
            phrase: min(counts, key=lambda kind: (-counts[kind], kind))
            for phrase, counts in kinds.items()
            if 2 * counts.total() >= occurrences[phrase]
        }

    def tags(self, words: Sequence[str]) -> list[str]:
        """Return the tags of a sentence: from the left, the longest phrase in the dictionary is an entity."""
        tags = ["O"] * len(words)
        start = 0
        while start < len(words):
            length = next(
                (n for n in range(self._longest, 0, -1) if tuple(words[start : start + n]) in self._kinds),
                0,
            )
            length = min(length, len(words) - start)
            if length:
                kind = self._kinds[tuple(words[start : start + length])]
                tags[start : start + length] = [f"B-{kind}", *[f"I-{kind}"] * (length - 1)]
            start += max(length, 1)
        return tags
