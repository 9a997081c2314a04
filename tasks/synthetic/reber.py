"""The embedded Reber grammar: which symbols may come next, and does the string end as it began?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatebench.task import Metric, Problem, Size
from tasks.blocks.validation import check_whole
from tasks.synthetic.generated import Generated, Part

if TYPE_CHECKING:
    from tasks.blocks.splits import TensorSplit
    from tasks.synthetic.random_numbers import RandomNumbers


@dataclass(frozen=True)
class Reber(Generated):
    """Strings of the embedded Reber grammar, one symbol of seven a step; at each step the next one is to be foretold.

    stream: None for one string an example (T from 8 upwards); a number for a continual stream of strings, one after
    another without a sign of where one begins, cut into examples of so many steps. training, validation, test: how many
    examples; data_seed fixes them.

    Of the metrics, agreement is the part of the strings at whose end T is held for more likely than P where the string
    began with T, and the other way round; legal, the part of the steps at which all symbols that may come are held for
    more likely than all others; flawless, the part of the examples in which all steps are so.
    """

    title = "Embedded Reber grammar"
    metrics = (Metric("agreement", "max"), Metric("legal", "max"), Metric("flawless", "max"))
    chance = 0.5  # T or P, for one who knows the grammar and has forgotten how the string began
    optimum = 1.0
    protocol = (
        "Hochreiter & Schmidhuber 1997 for single strings, Gers, Schmidhuber & Cummins 2000 for the stream, with "
        "their criterion that all symbols that may come are foretold. Departures: cross-entropy in place of squared "
        "error, batches, a fixed set of examples (theirs are 256 strings of each part, or an endless stream that stops "
        "at the first error), and a memory that starts anew with each example. Short strings come often: nine in ten "
        "of the single strings of the test are among those of training."
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
        """Return the number of training examples, T, and an input for each symbol, of a stream; strings have any T."""
        return None if self.stream is None else Size(self.training, self.stream, 7)

    def problem(self, *parts: Part) -> Problem:
        """Draw the examples."""
        from functools import partial

        from tasks.blocks.every_step import EveryStep
        from tasks.blocks.one_hot import OneHot
        from tasks.synthetic.next_symbol import loss, scores, tally
        from tasks.synthetic.reber_grammar import SYMBOLS

        train, val, test = (self._split(*part) for part in parts)
        return Problem(
            train,
            val,
            test,
            input_size=len(SYMBOLS),
            steps=max(split.x.shape[1] for split in (train, val, test)),
            encoder=OneHot(len(SYMBOLS)),
            head=partial(EveryStep, outputs=len(SYMBOLS), causal=True),
            loss=loss,
            tally=partial(tally, pair=(SYMBOLS.index("T"), SYMBOLS.index("P"))),
            scores=scores,
        )

    def _split(self, draw: RandomNumbers, count: int) -> TensorSplit:
        import torch

        from tasks.synthetic.next_symbol import as_split
        from tasks.synthetic.reber_grammar import walk

        symbols, legal, lengths = map(torch.from_numpy, walk(draw, count, self.stream and self.stream + 1))
        return as_split(symbols, legal, lengths if self.stream is None else None)
