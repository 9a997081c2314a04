"""The common part of the tasks that classify texts. N texts, T time, B batch, I input, C classes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Problem, Task, batch_of_one
from gatebench.views import Words
from tasks.blocks.validation import check_choice, check_number, check_whole, make_floats

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from tasks.blocks.ragged import RaggedSplit
    from tasks.text.corpus import Corpus

    Tally = Callable[[Tensor, Batch], dict[str, Tensor]]
    Scores = Callable[[Mapping[str, float]], dict[str, float]]

ENDS = ("start", "end")
POOLS = ("mean", "last")
EMBEDDING_STD = 0.1  # small, so that a word that occurs a few times has little influence


@dataclass(frozen=True)
class Texts:
    """The texts of a task and their split.

    Attributes:
        corpus: all texts.
        labels: (N,) the number of the class of each text.
        train: indices of the training texts.
        val: indices of the validation texts.
        test: indices of the test texts.
    """

    corpus: Corpus
    labels: Sequence[int]
    train: Sequence[int]
    val: Sequence[int]
    test: Sequence[int]


@dataclass(frozen=True)
class TextClassification(Task):
    """Classification of texts that are read word by word: embedding, recurrent layers, pooling, a linear layer.

    Attributes:
        vocabulary: size of the vocabulary: the most frequent words of the training part. All other words share one
            number.
        min_frequency: how often a word of the vocabulary must occur in the training part. If it is 1, there may be no
            unknown word in the training part.
        max_length: number of words that are read of a longer text; None for all.
        keep: which end of a longer text is read, "start" or "end".
        embedding: I, the size of the word embeddings, which are trained with the network.
        embedding_dropout: probability of dropout of a value of an embedding.
        pool: input of the last layer: the "mean" over all steps of a text, or the "last" step.
    """

    vocabulary: int = 25_000
    min_frequency: int = 2
    max_length: int | None = 400
    keep: str = "end"
    embedding: int = 100
    embedding_dropout: float = 0.5
    pool: str = "mean"

    def __post_init__(self) -> None:
        for name in ("vocabulary", "min_frequency", "embedding"):
            check_whole(name, getattr(self, name), 1)
        if self.max_length is not None:
            check_whole("max_length", self.max_length, 1)
        check_choice("keep", self.keep, ENDS)
        check_choice("pool", self.pool, POOLS)
        check_number("embedding_dropout", self.embedding_dropout, 0, 0.9)
        make_floats(self, "embedding_dropout")

    def split_words(self, text: str) -> list[str]:
        """Return the words of a user's text, in the way in which the words of the data were separated."""
        from tasks.text.corpus import tokenize

        return tokenize(text)

    @abstractmethod
    def read(self, root: Path, cache: Path | None) -> Texts:
        """Read and verify the texts; raise `UserError` if they cannot be read or are not the published ones."""

    @abstractmethod
    def measures(self) -> tuple[Tally, Scores]:
        """Return the functions `tally` and `scores` of the problem, for logits (B, C)."""

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Read the texts and number their words by the vocabulary of the training part."""
        from functools import partial

        import torch

        from tasks.blocks.majority import majority
        from tasks.blocks.objectives import LastStep, cross_entropy
        from tasks.blocks.pooling import MeanStep
        from tasks.text.corpus import PAD, RESERVED
        from tasks.text.naive_bayes import naive_bayes

        texts = self.read(root, cache)
        classes = len(self.answers)
        tally, scores = self.measures()
        known = self._vocabulary(texts)
        words = max(RESERVED, int(known.max()) + 1)
        numbers = torch.from_numpy(known[texts.corpus.numbers])
        values = torch.cat([numbers, torch.tensor([PAD], dtype=numbers.dtype)])
        train, val, test = (self._split(texts, values, part) for part in (texts.train, texts.val, texts.test))
        return Problem(
            train,
            val,
            test,
            input_size=self.embedding,
            steps=train.steps,
            encoder=self._encoder(words),
            head=partial({"mean": MeanStep, "last": LastStep}[self.pool], classes=classes),
            loss=cross_entropy,
            tally=tally,
            scores=scores,
            baselines=lambda: {
                "majority": majority(train, test),
                "naive-bayes": naive_bayes(train, test, words, classes),
            },
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:
        """Return the words of a test text, as far as the network reads them."""
        from tasks.text.corpus import UNKNOWN

        batch = batch_of_one(problem.test, number)
        texts = self.read(root, cache)
        words = self._read_part(texts.corpus.text(texts.test[number]))
        unknown = [word for word, token in zip(words, batch.inputs, strict=True) if token == UNKNOWN]
        return Example(batch, Words(tuple(words)), self.answer(batch.y), _unknown_words(unknown))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return the words of a user's text, given by itself or as a text file."""
        import torch

        from tasks.text.corpus import UNKNOWN

        words = self._read_part(self.split_words(given.read_text()))
        if not words:
            raise UserError(f"The {given.key} has no words.")
        texts = self.read(root, cache)
        known = self._vocabulary(texts)
        numbers = {word: int(number) for word, number in zip(texts.corpus.words, known, strict=True)}
        tokens = [numbers.get(word, UNKNOWN) for word in words]
        unknown = [word for word, token in zip(words, tokens, strict=True) if token == UNKNOWN]
        batch = Batch(torch.tensor(tokens)[:, None], torch.zeros(1, dtype=torch.int64), torch.tensor([len(tokens)]))
        return Example(batch, Words(tuple(words)), notes=_unknown_words(unknown))

    def _vocabulary(self, texts: Texts) -> NDArray[np.int32]:
        """Return the number that the network receives for each word of the corpus."""
        return texts.corpus.vocabulary(texts.train, self.vocabulary, self.min_frequency)

    def _read_part(self, words: list[str]) -> list[str]:
        """Return the words of a text that the network reads."""
        if self.max_length is None:
            return words
        return words[-self.max_length :] if self.keep == "end" else words[: self.max_length]

    def _split(self, texts: Texts, values: Tensor, part: Sequence[int]) -> RaggedSplit:
        """Return some of the texts as sequences of word numbers, cut to `max_length`."""
        import torch

        from tasks.blocks.ragged import RaggedSplit

        chosen = torch.tensor(part, dtype=torch.int64)
        full_lengths = torch.from_numpy(texts.corpus.lengths)[chosen]
        lengths = full_lengths if self.max_length is None else full_lengths.clamp(max=self.max_length)
        skipped = full_lengths - lengths if self.keep == "end" else 0
        starts = torch.from_numpy(texts.corpus.starts)[chosen] + skipped
        return RaggedSplit(values, starts, lengths, torch.tensor(texts.labels)[chosen])

    def _encoder(self, words: int) -> nn.Module:
        """Return a module that maps word numbers (T, B) to embeddings (T, B, I). The padding is always mapped to 0."""
        import torch
        from torch import nn

        from tasks.text.corpus import PAD

        embedding = nn.Embedding(words, self.embedding, padding_idx=PAD)
        nn.init.normal_(embedding.weight, std=EMBEDDING_STD)
        with torch.no_grad():
            embedding.weight[PAD] = 0.0
        return nn.Sequential(embedding, nn.Dropout(self.embedding_dropout))


def _unknown_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return the note about words that are not in the vocabulary."""
    if not words:
        return ()
    return (
        f"Not in the vocabulary, so the network reads one number for all of them: {', '.join(dict.fromkeys(words))}.",
    )
