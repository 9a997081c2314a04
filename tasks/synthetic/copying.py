"""The copying problem: repeat the first symbols of a sequence, in order, after a long delay."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from gatebench.task import Metric, Problem, Size
from tasks.blocks.validation import check_whole
from tasks.synthetic.generated import Generated, Part

if TYPE_CHECKING:
    from tasks.blocks.random_numbers import RandomNumbers
    from tasks.blocks.splits import TensorSplit


@dataclass(frozen=True)
class Copying(Generated):
    """Repeat symbols after a delay. T = lag + 2 · memorize.

    The input is random symbols, then blanks, then a signal, then blanks. The target is a blank at each step up to the
    signal, and then the symbols in order.

    Attributes:
        lag: the number of steps from the last symbol to the signal.
        memorize: the number of symbols to repeat.
        symbols: the number of different symbols.
        training: the number of training examples.
        validation: the number of validation examples.
        test: the number of test examples.
        data_seed: the seed of the examples.
    """

    title = "Copying after a delay"
    metrics = (
        Metric("cross_entropy", "min", "nats", low=0),
        Metric("accuracy", "max", low=0, high=1),
    )
    chance = (
        10 * log(8) / 120
    )  # blanks are certain, symbols are guessed; `__post_init__` sets it for the fields of an instance
    optimum = 0.0
    protocol = (
        "Arjovsky, Shah & Bengio 2016: 10 symbols of 8, the cross-entropy averaged over all steps; accuracy is over "
        "the symbols to repeat. Departures: fewer examples by default, and some of them are held out for validation."
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
        """T, the number of steps."""
        return self.lag + 2 * self.memorize

    def size(self) -> Size:
        """Return the number of training examples, T, and the number of inputs: symbols, blank and signal."""
        return Size(self.training, self.steps, self.symbols + 2)

    def problem(self, *parts: Part) -> Problem:
        """Return the problem with random examples."""
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
        """Return `count` random examples."""
        import torch

        from tasks.blocks.splits import TensorSplit

        blank, signal = self.symbols, self.symbols + 1
        symbols = torch.from_numpy(draw.integers(self.symbols, count, self.memorize)).to(torch.uint8)
        x = torch.full((count, self.steps), blank, dtype=torch.uint8)
        x[:, : self.memorize] = symbols
        x[:, self.memorize + self.lag - 1] = signal
        return TensorSplit(x, symbols)
