"""Translation word by word: each source word becomes the target word that occurs with it most regularly.

The measure is Dice's coefficient, 2 · (pairs with both) / (pairs with the source word + pairs with the target word)
(Melamed 2000, "Models of translational equivalence among words").
"""

from collections import Counter
from collections.abc import Iterable, Sequence


class WordTable:
    """A table of words.

    Args:
        pairs: the training pairs of source and target texts; the words stand between spaces.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        sources, targets = Counter[str](), Counter[str]()
        both: dict[str, Counter[str]] = {}
        for source, target in pairs:
            read, written = sorted(set(source.split())), sorted(set(target.split()))
            sources.update(read)
            targets.update(written)
            for word in read:
                both.setdefault(word, Counter()).update(written)
        self._table = {
            word: min(counts, key=lambda other: (-2 * counts[other] / (sources[word] + targets[other]), other))
            for word, counts in both.items()
        }

    def translate(self, text: str) -> str:
        """Return the text word by word. Unknown words stay as they are."""
        return " ".join(self._table.get(word, word) for word in text.split())


def translated(table: WordTable, texts: Sequence[str]) -> list[str]:
    """Return the texts word by word."""
    return [table.translate(text) for text in texts]
