"""The copying problem: a few symbols at the start must be said again, in order, after a long wait."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from gatebench.task import Metric, Problem, Size
from tasks.blocks.validation import check_whole
from tasks.synthetic.generated import Generated, Part

if TYPE_CHECKING:
    from tasks.blocks.splits import TensorSplit
    from tasks.synthetic.random_numbers import RandomNumbers


@dataclass(frozen=True)
class Copying(Generated):
    """Random symbols, then blanks, then a sign, after which the symbols are to be said in order; before, blanks.

    T = lag + 2 · memorize. lag: steps from the last symbol to the sign. memorize: how many symbols. symbols: how many
    different ones. training, validation, test: how many examples; data_seed fixes them.
    """

    title = "Copying after a wait"
    metrics = (Metric("cross_entropy", "min", "nats"), Metric("accuracy", "max"))
    chance = 10 * log(8) / 120  # certain of blanks and blind to symbols; an instance has that of its own fields
    optimum = 0.0
    protocol = (
        "Arjovsky, Shah & Bengio 2016: 10 symbols of 8, the cross-entropy averaged over all steps; accuracy is that of "
        "the symbols to recall. Departures: fewer examples by default, and part of them held out for validation."
    )
    generator = "1"

    lag: int = 100
    memorize: int = 10
    symbols: int = 8
    training: int = 10_000
    validation: int = 1_000
    test: int = 2_000
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_whole("lag", self.lag, 1)
        check_whole("memorize", self.memorize, 1)
        check_whole("symbols", self.symbols, 2, 250)
        super().__post_init__()
        object.__setattr__(self, "chance", self.memorize * log(self.symbols) / self.steps)

    @property
    def steps(self) -> int:
        """T."""
        return self.lag + 2 * self.memorize

    def size(self) -> Size:
        """Return the number of training examples, T, and one input for each symbol, the blank and the sign."""
        return Size(self.training, self.steps, self.symbols + 2)

    def problem(self, *parts: Part) -> Problem:
        """Draw the examples."""
        from functools import partial

        from tasks.blocks.every_step import EveryStep
        from tasks.blocks.one_hot import OneHot
        from tasks.synthetic.recall import Recall

        recall = Recall(blank=self.symbols)
        train, val, test = (self._split(*part) for part in parts)
        return Problem(
            train,
            val,
            test,
            input_size=self.symbols + 2,
            steps=self.steps,
            encoder=OneHot(self.symbols + 2),
            head=partial(EveryStep, outputs=self.symbols + 1),
            loss=recall.loss,
            tally=recall.tally,
            scores=recall.scores,
        )

    def _split(self, draw: RandomNumbers, count: int) -> TensorSplit:
        import torch

        from tasks.blocks.splits import TensorSplit

        blank, sign = self.symbols, self.symbols + 1
        symbols = torch.from_numpy(draw.whole(self.symbols, count, self.memorize)).to(torch.uint8)
        x = torch.full((count, self.steps), blank, dtype=torch.uint8)
        x[:, : self.memorize] = symbols
        x[:, self.memorize + self.lag - 1] = sign
        return TensorSplit(x, symbols)
