"""Prediction of the next character of a text: the plays of Shakespeare, or a text file of the user."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gatebench.errors import UserError, out_of_range
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Metric, Problem, Size, Task, batch_of_one
from gatebench.views import Words
from tasks.blocks.validation import check_flag, check_number, check_whole, make_floats
from tasks.data.files import find_file, read_file, read_verified
from tasks.data.own_file import own_file, own_path

NAME = "input.txt"
CHECKSUM = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"
SOURCE_URL = "https://github.com/karpathy/char-rnn/tree/master/data/tinyshakespeare"
FOLDERS = ("tinyshakespeare", "char-rnn/data/tinyshakespeare", "data/tinyshakespeare")
CHARACTERS, SYMBOLS = 1_115_394, 65
"""The number of characters of the published text, and of different ones."""

MOST_SYMBOLS = 10_000
"""The largest number of different characters of a text."""

LONGEST_NGRAM = 8
SHOWN = {"\n": "⏎", " ": "␣", "\t": "⇥"}
"""How characters are shown that cannot be seen."""


@dataclass(frozen=True)
class Characters(Task):
    """Each step reads a character as a one-hot vector, and predicts the next one.

    Attributes:
        path: a text file in UTF-8, relative to the working directory; None: the plays of Shakespeare.
        length: T, the number of predicted characters of a training sequence. The next one begins where it ends.
        evaluation_length: the same for validation and test. The longer it is, the fewer characters are predicted with
            little context.
        carry_state: whether the state passes from one sequence to the next. Then a training batch has a sequence of
            each of B parallel streams of the text, in order, and gradients end at the start of a sequence (truncated
            back-propagation). Validation and test read the whole part as one stream. Each epoch starts with the initial
            state.
        validation: the share of the characters that are the validation part.
        test: the share of the characters that are the test part, at the end of the text.
    """

    title = "Characters of a text, next character"
    metrics = (
        Metric("bits", "min", "bits/character", low=0),
        Metric("accuracy", "max", low=0, high=1),
    )
    protocol = (
        "None is published for these parts. Karpathy's char-rnn (2015) trains on the same file with 95 % for training "
        "and 5 % for validation, and carries the state from one sequence to the next. Here the parts are 90 %, 5 % and "
        "5 % in the order of the text, and each sequence starts with the initial state, except if task.carry_state is "
        "true. The n-gram model has interpolated Kneser-Ney smoothing; its order is the best on the validation part."
    )
    licence = "public domain; the user's own text has the user's licence"

    path: str | None = None
    length: int = 100
    evaluation_length: int = 1000
    carry_state: bool = False
    validation: float = 0.05
    test: float = 0.05

    def __post_init__(self) -> None:
        if self.path is not None and not (isinstance(self.path, str) and self.path):
            raise out_of_range("task.path", self.path, "the name of a text file, or null")
        check_whole("length", self.length, 1, 10_000)
        check_whole("evaluation_length", self.evaluation_length, 1, 100_000)
        check_flag("carry_state", self.carry_state)
        for name in ("validation", "test"):
            check_number(name, getattr(self, name), 0.001, 0.45)
        make_floats(self, "validation", "test")

    @cached_property
    def chance(self) -> float:  # type: ignore[override]
        """The bits of a character if all characters of the text are equally probable."""
        return math.log2(SYMBOLS if self.path is None else max(len(set(self._own_text())), 2))

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the path reduced to the file name: the folder does not enter a digest."""
        values = {**super().parameters(), "path": self.path and Path(self.path).name}
        if not self.carry_state:  # digests of earlier versions stay
            del values["carry_state"]
        return values

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the text file."""
        if self.path is None:
            return {NAME: CHECKSUM}
        path = own_path(self.path, "a text file")
        return {path.name: hashlib.sha256(read_file(path)).hexdigest()}

    def size(self) -> Size | None:
        """Return the number of training sequences, their length and the number of different characters."""
        if self.path is not None:
            return None
        train = _ends(CHARACTERS, self.validation, self.test)[0]
        return Size(math.ceil((train - 1) / self.length), min(self.length, train - 1), SYMBOLS)

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the text file exists."""
        if self.path is None:
            find_file(root, FOLDERS, (NAME,), SOURCE_URL, dataset="tinyshakespeare")
        else:
            own_path(self.path, "a text file")

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing here is worth a cache)
        """Read the text and cut it into its parts."""
        import numpy as np

        from tasks.blocks.one_hot import OneHot
        from tasks.text.language_model import language_problem
        from tasks.text.next_token import bits_and_accuracy

        text = self._text(root)
        symbols = sorted(set(text))
        numbers = {symbol: number for number, symbol in enumerate(symbols)}
        tokens = np.fromiter((numbers[symbol] for symbol in text), np.int64, len(text))
        return language_problem(
            np.split(tokens, _ends(len(text), self.validation, self.test)),
            (self.length, self.evaluation_length),
            OneHot(len(symbols)),
            len(symbols),
            symbols,
            scores=bits_and_accuracy,
            score_of_bits=float,
            longest_ngram=LONGEST_NGRAM,
            carries_state=self.carry_state,
            separator="",
            place=self.path or NAME,
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a window of the test part."""
        symbols = sorted(set(self._text(root)))
        batch = batch_of_one(problem.test, number)
        return Example(batch, _view([symbols[token] for token in batch.inputs.tolist()]))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a text of the user.

        Raises:
            UserError: it is no text, it is empty, or it has a character that the text of the task does not have.
        """
        import torch

        text, symbols = given.read_text(), sorted(set(self._text(root)))
        absent = sorted(set(text) - set(symbols))
        if not text or absent:
            trouble = f"the character {absent[0]!r}, which is not in the text of the task" if absent else "no character"
            raise UserError(f"Your text has {trouble}.")
        x = torch.tensor([symbols.index(symbol) for symbol in text])[:, None]
        return Example(Batch(x, x, torch.tensor([len(text)])), _view(text))

    def _text(self, root: Path) -> str:
        """Return the whole text."""
        if self.path is not None:
            return self._own_text()
        path = find_file(root, FOLDERS, (NAME,), SOURCE_URL, dataset="tinyshakespeare")
        return read_verified(path, CHECKSUM, SOURCE_URL).decode()

    def _own_text(self) -> str:
        """Return the text of the user's file, with the line ends of Unix."""
        text = own_file(str(self.path), "a text file").replace("\r\n", "\n")
        if len(set(text)) > MOST_SYMBOLS:
            raise UserError(
                f"{self.path} has {len(set(text)):,} different characters; at most {MOST_SYMBOLS:,} are allowed."
            )
        return text


def _ends(characters: int, validation: float, test: float) -> tuple[int, int]:
    """Return the ends of the training part and of the validation part."""
    end = round(characters * (1 - test))
    return end - round(characters * validation), end


def _view(text: Sequence[str]) -> Words:
    return Words(tuple(SHOWN.get(symbol, symbol) for symbol in text))
