"""Sentiment of film reviews from the Internet Movie Database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.blocks.validation import check_number, check_whole
from tasks.text import reviews
from tasks.text.sentiment import Sentiment
from tasks.text.text_classification import Texts

if TYPE_CHECKING:
    from tasks.data.array_cache import Arrays

TRAINING_REVIEWS = 25_000
LINE_BREAK = "<br />"


@dataclass(frozen=True)
class Imdb(Sentiment):
    """50,000 film reviews: 25,000 for training and 25,000 for test, and half of each are positive.

    `tasks.text.corpus.tokenize` defines the words: letters and digits in lower case, apostrophes inside, ! and ?.

    Attributes:
        validation: fraction of the training reviews of each class that is held out for validation. Copies of a review
            are in the same part.
        split_seed: seed of the choice of the held-out reviews.
        limit: number of the remaining reviews that are used for training, chosen with the same seed; None for all.

    See `TextClassification` for the other parameters.
    """

    title = "IMDB film reviews, for or against"
    chance = 0.5  # both classes have 12,500 of the 25,000 test reviews
    protocol = (
        "Maas et al. 2011: the official 25,000 / 25,000 reviews, the official test part for test. There is no official "
        "validation part: a tenth of the training reviews is held out. The unlabelled reviews are not used, the word "
        "embeddings start from random values, and long reviews are cut; published results differ in these points. "
        "123 texts are both in the published training part and in the published test part."
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
        """Return the checksum of the labelled reviews, which does not depend on whether they are in an archive."""
        return reviews.CHECKSUMS

    def size(self) -> Size | None:
        """Return the number of training reviews, the largest number of words and the embedding size."""
        if self.max_length is None:
            return None
        return Size(self.limit or round((1 - self.validation) * TRAINING_REVIEWS), self.max_length, self.embedding)

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that an archive or the folder of the reviews exists."""
        reviews.find_reviews(root)

    def read(self, root: Path, cache: Path | None) -> Texts:
        """Read the archive or the folder `aclImdb` from the folder `imdb` of the data root or from the root itself."""
        import numpy as np

        from tasks.data.array_cache import cached_arrays
        from tasks.text.corpus import WORD, Corpus

        path = reviews.find_reviews(root)
        read_reviews = reviews.verify(path)
        origin = {"files": reviews.CHECKSUMS, "word": WORD.pattern, "line break": LINE_BREAK}
        arrays = cached_arrays(cache, "imdb", origin, lambda: _to_arrays(read_reviews(), path))
        corpus = Corpus.from_arrays(arrays)
        positive = arrays["positive"].tolist()
        training = arrays["training"]
        train, val = self._train_and_val(np.flatnonzero(training).tolist(), positive, corpus.first_copies().tolist())
        return Texts(corpus, positive, train, val, np.flatnonzero(training == 0).tolist())

    def _train_and_val(
        self, training: list[int], positive: list[int], first_copies: list[int]
    ) -> tuple[list[int], list[int]]:
        """Return the indices of the official training reviews for training and for validation."""
        from tasks.blocks.shuffling import permutation, stratified

        copies: dict[int, list[int]] = {}
        for index in training:
            copies.setdefault(first_copies[index], []).append(index)
        groups = list(copies.values())
        parts = stratified([positive[group[0]] for group in groups], (self.validation,), self.split_seed)
        train, val = (sorted(index for number in part for index in groups[number]) for part in parts)
        if self.limit is not None:
            train = sorted(train[number] for number in permutation(len(train), self.split_seed)[: self.limit])
        return train, val


def _to_arrays(found: reviews.Reviews, path: Path) -> Arrays:
    """Return the reviews in ascending order of their names: their words, whether they are positive, and their part."""
    import numpy as np

    from tasks.text.corpus import Corpus, tokenize

    names = sorted(found)
    corpus = Corpus.from_texts(tokenize(_decode(found[name], f"{path}, {name}")) for name in names)
    if not corpus.lengths.all():
        raise UserError(f"{path}, {names[int(corpus.lengths.argmin())]} has no words.")
    return {
        **corpus.to_arrays(),
        "positive": np.array(["/pos/" in name for name in names], np.int64),
        "training": np.array([name.startswith("train/") for name in names], np.int64),
    }


def _decode(review: bytes, name: str) -> str:
    try:
        return review.decode().replace(LINE_BREAK, " ")
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not UTF-8: byte {error.start + 1} is {review[error.start]:#04x}.") from None
