"""Sentences from film reviews, for or against: the Stanford Sentiment Treebank in two classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gatebench.errors import UserError
from gatebench.task import Size
from tasks.data.files import find_file, read_verified
from tasks.text.sentiment import Sentiment, Texts

HOME = "https://github.com/clairett/pytorch-sentiment-classification/tree/master/data/SST2"
FOLDERS = ("sst2", "SST2", "data/SST2")  # ours, and those of the repository that publishes the files
CHECKSUMS = {  # train, validation, test
    "train.tsv": "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920",
    "dev.tsv": "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359",
    "test.tsv": "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7",
}
TRAINING_SENTENCES, LONGEST = 6920, 51


@dataclass(frozen=True)
class Sst2(Sentiment):
    """9,613 sentences in lower case, whose words are separated by spaces; see `Sentiment` for the fields."""

    title = "SST-2 sentences, for or against"
    chance = 909 / 1821  # always "for", the more frequent class of training
    protocol = (
        "Socher et al. 2013, two classes without the neutral sentences, 6,920 / 872 / 1,821. Only whole sentences are "
        "trained on, where Tai, Socher & Manning 2015 and most others train on the labelled phrases inside them too "
        "(67,349 in GLUE), and words are learned from nothing, where they start from GloVe. The text is in lower case, "
        "with little punctuation. Two test sentences stand among the training ones too, as published."
    )
    licence = "none stated, for research; cite Socher et al. 2013"

    max_length: int | None = None

    def checksums(self) -> Mapping[str, str]:
        """Return the checksums of the three files."""
        return CHECKSUMS

    def size(self) -> Size:
        """Return the number of training sentences and the words of the longest."""
        return Size(TRAINING_SENTENCES, min(self.max_length or LONGEST, LONGEST), self.embedding)

    def read(self, root: Path, cache: Path | None) -> Texts:  # noqa: ARG002  (nothing is costly here)
        """Read `train.tsv`, `dev.tsv` and `test.tsv`, each line a sentence, a tab and 0 or 1."""
        from tasks.text.corpus import Corpus

        sentences: list[list[str]] = []
        positive: list[int] = []
        parts = []
        for name, sha256 in CHECKSUMS.items():
            path = find_file(root, FOLDERS, (name,), HOME)
            start = len(sentences)
            for words, label in _read(read_verified(path, sha256, HOME), path):
                sentences.append(words)
                positive.append(label)
            parts.append(range(start, len(sentences)))
        return Texts(Corpus.of(sentences), positive, *parts)


def _read(data: bytes, path: Path) -> list[tuple[list[str], int]]:
    """Return the words and the label of every line; the last line may lack its end."""
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
