"""The embedded Reber grammar: predict the next symbol. The end of a string depends on its beginning."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.task import Example, Metric, Problem, Size, batch_of_one
from gatebench.views import Words
from tasks.blocks.validation import check_whole
from tasks.synthetic.generated import Generated, Part

if TYPE_CHECKING:
    from tasks.blocks.random_numbers import RandomNumbers
    from tasks.blocks.splits import TensorSplit

NGRAMS = (3, 9)
"""The lengths of the n-grams of the simple methods. A 3-gram sees no beginning, a 9-gram those of short strings."""


@dataclass(frozen=True)
class Reber(Generated):
    """Predict the next symbol of strings of the embedded Reber grammar. A step is one symbol of seven.

    There are three metrics:

    - agreement: the share of strings for which the network predicts the last T or P correctly, compared with the other
      of the two.
    - legal: the share of steps at which every symbol that the grammar allows is predicted with a higher probability
      than every other symbol.
    - flawless: the share of examples whose steps are all legal in this sense.

    Attributes:
        stream: None: an example is one string (T is at least 8). A number: an example is this number of steps of a
            continual stream, in which strings follow each other without a mark.
        training: the number of training examples.
        validation: the number of validation examples.
        test: the number of test examples.
        data_seed: the seed of the examples.
    """

    title = "Embedded Reber grammar"
    metrics = (
        Metric("agreement", "max", low=0, high=1),
        Metric("legal", "max", low=0, high=1),
        Metric("flawless", "max", low=0, high=1),
    )
    table_metrics = ("agreement", "flawless")
    chance = 0.5  # a model that knows the grammar but not the beginning of the string
    optimum = 1.0
    protocol = (
        "Hochreiter & Schmidhuber 1997 for single strings, Gers, Schmidhuber & Cummins 2000 for the stream, with "
        "their criterion that all allowed symbols are predicted. Departures: cross-entropy in place of squared error, "
        "batches, a fixed set of examples (theirs are 256 strings of each part, or an endless stream that stops at the "
        "first error), and a state that is reset for each example. Short strings are frequent: nine in ten single "
        "strings of the test are also in the training part."
    )
    generator = "1"

    stream: int | None = None
    training: int = 5_000
    validation: int = 1_000
    test: int = 2_000
    data_seed: int = 0

    def __post_init__(self) -> None:
        if self.stream is not None:
            check_whole("stream", self.stream, 50)
        super().__post_init__()

    def size(self) -> Size | None:
        """Return the number of training examples, T and the number of inputs; None for strings, whose T varies."""
        return None if self.stream is None else Size(self.training, self.stream, 7)

    def problem(self, *parts: Part) -> Problem:
        """Return the problem with random examples."""
        from functools import partial

        from tasks.blocks.every_step import EveryStep
        from tasks.blocks.one_hot import OneHot
        from tasks.synthetic.next_symbol import loss, scores, tally, targets
        from tasks.synthetic.ngrams import ngram_agreement
        from tasks.synthetic.reber_grammar import SYMBOLS

        train, val, test = (self._split(*part) for part in parts)
        pair = (SYMBOLS.index("T"), SYMBOLS.index("P"))
        agreement = partial(ngram_agreement, train, test, symbols=len(SYMBOLS), pair=pair)
        return Problem(
            train,
            val,
            test,
            input_size=len(SYMBOLS),
            steps=max(split.x.shape[1] for split in (train, val, test)),
            encoder=OneHot(len(SYMBOLS)),
            head=partial(EveryStep, outputs=len(SYMBOLS), causal=True),
            loss=loss,
            tally=partial(tally, pair=pair),
            scores=scores,
            baselines=lambda: {f"{n}-gram": agreement(length=n) for n in NGRAMS},
            targets=targets,
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return the symbols of a test string."""
        from tasks.synthetic.reber_grammar import SYMBOLS

        batch = batch_of_one(problem.test, number)
        return Example(batch, Words(tuple(SYMBOLS[symbol] for symbol in batch.inputs)))

    def _split(self, draw: RandomNumbers, count: int) -> TensorSplit:
        """Return `count` random examples."""
        import torch

        from tasks.synthetic.next_symbol import next_symbol_split
        from tasks.synthetic.reber_grammar import draw_strings

        steps = self.stream and self.stream + 1  # the last symbol of a stream is only a target
        symbols, legal, lengths = map(torch.from_numpy, draw_strings(draw, count, steps))
        return next_symbol_split(symbols, legal, lengths if self.stream is None else None)
