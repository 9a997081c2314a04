"""Prediction of the next word of the user's text: the files of the Penn Treebank in Mikolov's form, or any text."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gatebench.errors import UserError, out_of_range
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Metric, Problem, Task, batch_of_one
from gatebench.views import Words
from tasks.blocks.validation import check_flag, check_number, check_whole, make_floats
from tasks.data.files import MissingFile, read_file
from tasks.data.own_file import own_file, own_path

END, UNKNOWN = "<eos>", "<unk>"
"""The token after each line, and the token in place of a word that is not in the vocabulary."""

PTB_NAMES = (("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"), ("train.txt", "valid.txt", "test.txt"))
LONGEST_NGRAM = 5


@dataclass(frozen=True)
class NextWord(Task):
    """Each step reads a word, and predicts the next one. Words stand between spaces, and a token ends each line.

    From 5,000 words on, the cross-entropy is computed in chunks of 8 MB of logits, forward and backward. With fewer
    words a training step holds all logits several times, each time T · B · V · 4 bytes.

    Attributes:
        path: a folder with the three files of the Penn Treebank (`ptb.train.txt`, `ptb.valid.txt`, `ptb.test.txt`, or
            without `ptb.`), or a text file; relative to the working directory.
        vocabulary: V, the largest number of words: the most frequent ones of the training part, with the end of a line
            and the unknown word.
        length: T, the number of predicted words of a training sequence. The next one begins where it ends.
        evaluation_length: the same for validation and test.
        embedding: I, the size of the embeddings.
        carry_state: whether the state passes from one sequence to the next. Then a training batch has a sequence of
            each of B parallel streams of the text, in order, and gradients end at the start of a sequence (truncated
            back-propagation). Validation and test read the whole part as one stream. Each epoch starts with the initial
            state.
        validation: the share of a text file that is the validation part.
        test: the share of a text file that is the test part, at its end.
    """

    title = "Words of a text of the user, next word"
    metrics = (
        Metric("perplexity", "min", low=1),
        Metric("accuracy", "max", low=0, high=1),
    )
    protocol = (
        "The parts and the tokens of Mikolov et al. 2010 for the Penn Treebank, if the path is a folder with its "
        "files, which have a licence of their own. Published networks carry the state from one sequence to the next; "
        "here they do if task.carry_state is true; else each sequence starts with the initial state. The n-gram model "
        "has interpolated Kneser-Ney smoothing; its order is the best on the validation part."
    )
    licence = "the user's own"

    path: str | None = None
    vocabulary: int = 10_000
    length: int = 35
    evaluation_length: int = 200
    embedding: int = 200
    carry_state: bool = False
    validation: float = 0.05
    test: float = 0.05

    def __post_init__(self) -> None:
        if self.path is not None and not (isinstance(self.path, str) and self.path):
            raise out_of_range("task.path", self.path, "the name of a folder or a text file, or null")
        check_whole("vocabulary", self.vocabulary, 3, 1_000_000)
        check_whole("length", self.length, 1, 10_000)
        check_whole("evaluation_length", self.evaluation_length, 1, 100_000)
        check_whole("embedding", self.embedding, 1, 10_000)
        check_flag("carry_state", self.carry_state)
        for name in ("validation", "test"):
            check_number(name, getattr(self, name), 0.001, 0.45)
        make_floats(self, "validation", "test")

    @cached_property
    def chance(self) -> float:  # type: ignore[override]
        """The perplexity if all words of the vocabulary are equally probable: their number, which is at most V.

        It is V as long as there is no path.
        """
        return float(self.vocabulary if self.path is None else len(_vocabulary(self._parts()[0], self.vocabulary)))

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the path reduced to its last part: the folder above does not enter a digest."""
        values = {**super().parameters(), "path": self.path and Path(self.path).name}
        if not self.carry_state:  # digests of earlier versions stay
            del values["carry_state"]
        return values

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the files."""
        return {path.name: hashlib.sha256(read_file(path)).hexdigest() for path in self._files()}

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the files exist."""
        self._files()

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the text. The data root is not used."""
        import numpy as np
        from torch import nn

        from tasks.text.language_model import language_problem
        from tasks.text.next_token import perplexity_and_accuracy

        parts = self._parts()
        names = _vocabulary(parts[0], self.vocabulary)
        numbers = {name: number for number, name in enumerate(names)}
        unknown = numbers[UNKNOWN]
        tokens = [np.fromiter((numbers.get(word, unknown) for word in part), np.int64, len(part)) for part in parts]
        return language_problem(
            tokens,
            (self.length, self.evaluation_length),
            nn.Embedding(len(names), self.embedding),
            self.embedding,
            names,
            scores=perplexity_and_accuracy,
            score_of_bits=lambda bits: 2.0**bits,
            longest_ngram=LONGEST_NGRAM,
            carries_state=self.carry_state,
            separator=" ",
            place=str(self.path),
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a window of the test part."""
        names = _vocabulary(self._parts()[0], self.vocabulary)
        batch = batch_of_one(problem.test, number)
        return Example(batch, Words(tuple(names[token] for token in batch.inputs.tolist())))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a text of the user, in which unknown words are replaced.

        Raises:
            UserError: it is no text, or it has no word.
        """
        import torch

        names = _vocabulary(self._parts()[0], self.vocabulary)
        numbers = {name: number for number, name in enumerate(names)}
        words = _words(given.read_text())[:-1]
        if not words:
            raise UserError("Your text has no word.")
        x = torch.tensor([numbers.get(word, numbers[UNKNOWN]) for word in words])[:, None]
        return Example(Batch(x, x, torch.tensor([len(words)])), Words(tuple(words)))

    def _parts(self) -> list[list[str]]:
        """Return the words for training, validation and test."""
        files = [own_file(str(path), "a text file") for path in self._files()]
        if len(files) == 3:
            return [_words(text) for text in files]
        words = _words(files[0])
        end = round(len(words) * (1 - self.test))
        start = end - round(len(words) * self.validation)
        return [words[:start], words[start:end], words[end:]]

    def _files(self) -> list[Path]:
        """Return the three files of the folder, or the text file.

        Raises:
            UserError: the path is null.
            MissingFile: there is no such file, or the folder lacks one.
        """
        if self.path is None:
            raise UserError(
                "task.path is null; it must name a text file, or a folder with train.txt, valid.txt and test.txt."
            )
        folder = Path(self.path).expanduser()
        if not folder.is_dir():
            return [own_path(self.path, "a text file")]
        for names in PTB_NAMES:
            if (folder / names[0]).is_file():
                return [own_path(str(folder / name), "a text file") for name in names]
        raise MissingFile(f"There is no train.txt or ptb.train.txt in {self.path}, which task.path names.")


def _words(text: str) -> list[str]:
    """Return the words of a text, with the token `END` after each line that has a word."""
    return [word for line in text.splitlines() if line.split() for word in (*line.split(), END)]


def _vocabulary(words: Iterable[str], size: int) -> list[str]:
    """Return the two tokens and the most frequent words; equally frequent ones are sorted by code points."""
    counts = Counter(words)
    for token in (END, UNKNOWN):
        counts.pop(token, None)
    frequent = sorted(counts, key=lambda word: (-counts[word], word))
    return [END, UNKNOWN, *frequent[: size - 2]]
