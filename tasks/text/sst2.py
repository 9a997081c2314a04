"""Sentiment of sentences from film reviews: the Stanford Sentiment Treebank with two classes (SST-2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.data.files import find_file, read_verified
from tasks.text.sentiment import Sentiment
from tasks.text.text_classification import Texts

SOURCE_URL = "https://github.com/clairett/pytorch-sentiment-classification/tree/master/data/SST2"
FOLDERS = ("sst2", "SST2", "data/SST2")  # the last two are those of the repository that publishes the files
CHECKSUMS = {  # in the order training, validation, test
    "train.tsv": "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920",
    "dev.tsv": "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359",
    "test.tsv": "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7",
}
TRAINING_SENTENCES = 6920
LONGEST = 51  # the number of words of the longest training sentence


@dataclass(frozen=True)
class Sst2(Sentiment):
    """9,613 sentences in lower case with spaces between the words; see `TextClassification` for the parameters."""

    title = "SST-2 sentences, for or against"
    chance = 909 / 1821  # the answer is always "positive", the more frequent class in training
    protocol = (
        "Socher et al. 2013, two classes without the neutral sentences, 6,920 / 872 / 1,821. Departures: the training "
        "uses only whole sentences, but Tai, Socher & Manning 2015 and most others also use the labelled phrases in "
        "them (67,349 in GLUE); the word embeddings start from random values, but theirs start from GloVe. The text is "
        "in lower case, with little punctuation. Two of the published test sentences are also training sentences."
    )
    licence = "none stated, for research; cite Socher et al. 2013"

    max_length: int | None = None

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the three files."""
        return CHECKSUMS

    def size(self) -> Size:
        """Return the number of training sentences, the number of words of the longest, and the embedding size."""
        return Size(TRAINING_SENTENCES, min(self.max_length or LONGEST, LONGEST), self.embedding)

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the three files exist."""
        for name in CHECKSUMS:
            find_file(root, FOLDERS, (name,), SOURCE_URL)

    def split_words(self, text: str) -> list[str]:
        """Return the words between spaces, in lower case: the sentences of the treebank are written like this."""
        return text.lower().split()

    def read(self, root: Path, cache: Path | None) -> Texts:  # noqa: ARG002  (nothing here is worth a cache)
        """Read `train.tsv`, `dev.tsv` and `test.tsv`. Each line is a sentence, a tab, and 0 or 1."""
        from tasks.text.corpus import Corpus

        sentences: list[list[str]] = []
        positive: list[int] = []
        parts = []
        for name, sha256 in CHECKSUMS.items():
            path = find_file(root, FOLDERS, (name,), SOURCE_URL)
            start = len(sentences)
            for words, label in _parse(read_verified(path, sha256, SOURCE_URL), path):
                sentences.append(words)
                positive.append(label)
            parts.append(range(start, len(sentences)))
        return Texts(Corpus.from_texts(sentences), positive, *parts)


def _parse(data: bytes, path: Path) -> list[tuple[list[str], int]]:
    """Return the words and the label of every line. The line break of the last line may be missing."""
    try:
        lines = data.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8: byte {error.start + 1} is {data[error.start]:#04x}.") from None
    found = []
    for number, line in enumerate(lines, 1):
        sentence, _, label = line.partition("\t")
        if label not in ("0", "1") or not sentence.split():
            raise UserError(f"{path}, line {number} is not a sentence, a tab and 0 or 1.")
        found.append((sentence.split(), int(label)))
    return found
