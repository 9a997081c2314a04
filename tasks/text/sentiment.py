"""Texts that speak well or ill of something: what the tasks of sentiment share. N texts, T time, B batch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.task import Metric, Problem, Task
from tasks.blocks.validation import check_choice, check_number, check_whole, make_floats

if TYPE_CHECKING:
    from torch import Tensor, nn

    from tasks.blocks.ragged import RaggedSplit
    from tasks.text.corpus import Corpus

ENDS = ("start", "end")
POOLS = ("mean", "last")
EMBEDDING_STD = 0.1  # small, so that a word met a few times weighs little


@dataclass(frozen=True)
class Texts:
    """All texts: which of them (N,) speak well, and which are for training, validation and test."""

    corpus: Corpus
    positive: Sequence[int]
    train: Sequence[int]
    val: Sequence[int]
    test: Sequence[int]


@dataclass(frozen=True)
class Sentiment(Task):
    """Texts of two classes, read word by word: embedding, recurrent layers, pooling, a linear layer.

    vocabulary: how many words are known, the most frequent ones of the training part; all others are one word.
    min_frequency: how often a known word stands there at least; with 1, training meets no unknown word. max_length: how
    many words of a longer text are read, from its `keep`, "start" or "end"; None for all. embedding: I, learned with
    the rest. embedding_dropout: the probability of dropping one of its values while training. pool: what the last layer
    sees, the "mean" over a text's steps or the "last" of them.
    """

    metrics = (Metric("accuracy", "max"), Metric("error", "min"), Metric("f1", "max"))

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

    @abstractmethod
    def read(self, root: Path, cache: Path | None) -> Texts:
        """Return the texts, verified; raise `UserError` in one sentence when they cannot be."""

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Read the texts and number their words by a vocabulary of the training part."""
        from functools import partial

        import torch

        from tasks.blocks.objectives import LastStep, cross_entropy
        from tasks.blocks.pooling import MeanStep
        from tasks.text.corpus import PAD, RESERVED
        from tasks.text.naive_bayes import majority, naive_bayes
        from tasks.text.two_classes import count_two, two_scores

        texts = self.read(root, cache)
        known = texts.corpus.vocabulary(texts.train, self.vocabulary, self.min_frequency)
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
            head=partial({"mean": MeanStep, "last": LastStep}[self.pool], classes=2),
            loss=cross_entropy,
            tally=count_two,
            scores=two_scores,
            baselines=lambda: {"majority": majority(train, test), "naive-bayes": naive_bayes(train, test, words)},
        )

    def _split(self, texts: Texts, values: Tensor, part: Sequence[int]) -> RaggedSplit:
        """Return some of the texts as sequences of word numbers, cut to `max_length`."""
        import torch

        from tasks.blocks.ragged import RaggedSplit

        chosen = torch.tensor(part, dtype=torch.int64)
        whole = torch.from_numpy(texts.corpus.lengths)[chosen]
        lengths = whole if self.max_length is None else whole.clamp(max=self.max_length)
        starts = torch.from_numpy(texts.corpus.starts)[chosen] + (whole - lengths if self.keep == "end" else 0)
        return RaggedSplit(values, starts, lengths, torch.tensor(texts.positive)[chosen])

    def _encoder(self, words: int) -> nn.Module:
        """Return what maps word numbers (T, B) to (T, B, I); what stands behind a text's end is zero and stays it."""
        import torch
        from torch import nn

        from tasks.text.corpus import PAD

        embedding = nn.Embedding(words, self.embedding, padding_idx=PAD)
        nn.init.normal_(embedding.weight, std=EMBEDDING_STD)
        with torch.no_grad():
            embedding.weight[PAD] = 0.0
        return nn.Sequential(embedding, nn.Dropout(self.embedding_dropout))
