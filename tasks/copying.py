"""The copying problem: a few symbols at the start must be said again, in order, after a long wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.task import Metric, Problem, Size, Task
from tasks.fields import check_whole
from tasks.generated import check_generated, draws

if TYPE_CHECKING:
    from tasks.drawing import Draw
    from tasks.splits import TensorSplit

GENERATOR = "1"  # to be changed with any change of the data that a seed gives


@dataclass(frozen=True)
class Copying(Task):
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
    licence = "generated"

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
        check_generated(self.training, self.validation, self.test, self.data_seed)
        object.__setattr__(self, "chance", self.memorize * log(self.symbols) / self.steps)

    @property
    def steps(self) -> int:
        """T."""
        return self.lag + 2 * self.memorize

    def checksums(self) -> Mapping[str, str]:
        """Return the generator's version: the fields do the rest."""
        return {"copying/generator": GENERATOR}

    def size(self) -> Size:
        """Return the number of training examples, T, and one input for each symbol, the blank and the sign."""
        return Size(self.training, self.steps, self.symbols + 2)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (it is drawn)
        """Draw the examples."""
        from functools import partial

        from tasks.one_hot import OneHot
        from tasks.recall import EveryStep, Recall

        recall = Recall(blank=self.symbols)
        train, val, test = (
            self._split(draw, count) for draw, count in draws(self.data_seed, self.training, self.validation, self.test)
        )
        return Problem(
            train,
            val,
            test,
            input_size=self.symbols + 2,
            steps=self.steps,
            encoder=OneHot(self.symbols + 2),
            head=partial(EveryStep, classes=self.symbols + 1),
            loss=recall.loss,
            tally=recall.tally,
            scores=recall.scores,
        )

    def _split(self, draw: Draw, count: int) -> TensorSplit:
        import torch

        from tasks.splits import TensorSplit

        blank, sign = self.symbols, self.symbols + 1
        symbols = torch.from_numpy(draw.whole(self.symbols, count, self.memorize)).to(torch.uint8)
        x = torch.full((count, self.steps), blank, dtype=torch.uint8)
        x[:, : self.memorize] = symbols
        x[:, self.memorize + self.lag - 1] = sign
        return TensorSplit(x, symbols)
