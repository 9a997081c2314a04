"""Reviews of films from the Internet Movie Database, for or against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.blocks.validation import check_number, check_whole
from tasks.text import reviews
from tasks.text.sentiment import Sentiment, Texts

if TYPE_CHECKING:
    from tasks.data.array_cache import Arrays

TRAINING_REVIEWS = 25_000
LINE_BREAK = "<br />"


@dataclass(frozen=True)
class Imdb(Sentiment):
    """50,000 film reviews, half of them for training, half of each half in favour.

    Words are what `tasks.text.corpus.words_of` finds: letters and digits in lower case, apostrophes inside, ! and ?.

    validation: the share of each class of the training reviews that is held out; copies of a review stay together.
    split_seed: which ones. limit: train on so many reviews only, drawn by the same seed; None for all that are left.
    See `Sentiment` for the other fields.
    """

    title = "IMDB film reviews, for or against"
    chance = 0.5  # both classes have 12,500 of the 25,000 test reviews
    protocol = (
        "Maas et al. 2011: the official 25,000 / 25,000 reviews, the official test part for test. There is no official "
        "validation part: a tenth of the training reviews is held out. The unlabelled reviews are not used, words are "
        "learned from nothing, and long reviews are cut, none of which holds for all published figures. 123 texts "
        "stand both in the training and in the test part, as published."
    )
    licence = "none stated, for research; cite Maas et al. 2011"

    validation: float = 0.1
    split_seed: int = 0
    limit: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("validation", self.validation, 0.01, 0.9)
        check_whole("split_seed", self.split_seed, 0)
        if self.limit is not None:
            check_whole("limit", self.limit, 1, round((1 - self.validation) * TRAINING_REVIEWS))

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the labelled reviews, which is the same in an archive and unpacked."""
        return reviews.CHECKSUMS

    def size(self) -> Size | None:
        """Return the number of training reviews and how many words of each are read."""
        if self.max_length is None:
            return None
        return Size(self.limit or round((1 - self.validation) * TRAINING_REVIEWS), self.max_length, self.embedding)

    def read(self, root: Path, cache: Path | None) -> Texts:
        """Read the archive or the folder `aclImdb` from `imdb` or the root itself; the words are kept in the cache."""
        import numpy as np

        from tasks.data.array_cache import cached_arrays
        from tasks.text.corpus import WORD, Corpus

        path = reviews.find_reviews(root)
        read = reviews.verified(path)
        origin = {"files": reviews.CHECKSUMS, "word": WORD.pattern, "line break": LINE_BREAK}
        arrays = cached_arrays(cache, "imdb", origin, lambda: _to_arrays(read(), path))
        corpus, positive, training = Corpus.from_arrays(arrays), arrays["positive"].tolist(), arrays["training"]
        train, val = self._held_out(np.flatnonzero(training).tolist(), positive, corpus.copies().tolist())
        return Texts(corpus, positive, train, val, np.flatnonzero(training == 0).tolist())

    def _held_out(self, training: list[int], positive: list[int], copies: list[int]) -> tuple[list[int], list[int]]:
        """Return which of the training reviews are for training and which for validation."""
        from tasks.blocks.shuffling import permutation, stratified

        alike: dict[int, list[int]] = {}
        for position in training:
            alike.setdefault(copies[position], []).append(position)
        groups = list(alike.values())
        parts = stratified([positive[group[0]] for group in groups], (self.validation,), self.split_seed)
        train, val = (sorted(position for number in part for position in groups[number]) for part in parts)
        if self.limit is not None:
            train = sorted(train[number] for number in permutation(len(train), self.split_seed)[: self.limit])
        return train, val


def _to_arrays(found: reviews.Reviews, path: Path) -> Arrays:
    """Return the words of the reviews by ascending name, which of them are in favour, and which are for training."""
    import numpy as np

    from tasks.text.corpus import Corpus, words_of

    names = sorted(found)
    corpus = Corpus.of(words_of(_text(found[name], f"{path}, {name}")) for name in names)
    if not corpus.lengths.all():
        raise UserError(f"{path}, {names[int(corpus.lengths.argmin())]} has no words.")
    return {
        **corpus.to_arrays(),
        "positive": np.array(["/pos/" in name for name in names], np.int64),
        "training": np.array([name.startswith("train/") for name in names], np.int64),
    }


def _text(review: bytes, name: str) -> str:
    try:
        return review.decode().replace(LINE_BREAK, " ")
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not UTF-8: byte {error.start + 1} is {review[error.start]:#04x}.") from None
