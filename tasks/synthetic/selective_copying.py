"""Selective copying: after the noise, repeat the symbols at random places in it, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatebench.errors import out_of_range
from gatebench.task import Metric, Problem, Size
from tasks.blocks.validation import check_whole
from tasks.synthetic.generated import Generated, Part

if TYPE_CHECKING:
    from tasks.blocks.random_numbers import RandomNumbers
    from tasks.blocks.splits import TensorSplit

SYMBOLS = 14
NOISE, SIGNAL = SYMBOLS, SYMBOLS + 1  # 16 tokens with the symbols


@dataclass(frozen=True)
class SelectiveCopying(Generated):
    """Repeat symbols from random places in noise. T = length + memorize.

    The input is noise with symbols at random places, then a signal at each of the last `memorize` steps. At these steps
    the targets are the symbols in order.

    Attributes:
        length: the number of steps with noise or symbols.
        memorize: the number of symbols among them.
        training: the number of training examples.
        validation: the number of validation examples.
        test: the number of test examples.
        data_seed: the seed of the examples.
    """

    title = "Selective copying"
    metrics = (
        Metric("accuracy", "max", low=0, high=1),
        Metric("cross_entropy", "min", "nats", low=0),
    )
    chance = 1 / SYMBOLS
    optimum = 1.0
    protocol = (
        "Gu & Dao 2023, as Feng et al. 2024 use it: 16 symbols to memorize, 16 tokens in all, with noise and "
        "signal; accuracy over the symbols to repeat. Departures: 256 steps by default, theirs are 4,096; a fixed set "
        "of examples, theirs are drawn anew at each training step; they stack 1 to 3 layers."
    )
    generator = "1"

    length: int = 256
    memorize: int = 16
    training: int = 10_000
    validation: int = 1_000
    test: int = 2_000
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_whole("length", self.length, 1)
        check_whole("memorize", self.memorize, 1)
        if self.memorize > self.length:
            raise out_of_range("task.memorize", self.memorize, f"at most task.length, {self.length}")
        super().__post_init__()

    def size(self) -> Size:
        """Return the number of training examples, T, and the number of inputs: one for each token."""
        return Size(self.training, self.length + self.memorize, SYMBOLS + 2)

    def problem(self, *parts: Part) -> Problem:
        """Return the problem with random examples."""
        from functools import partial

        from tasks.blocks.every_step import EveryStep
        from tasks.blocks.one_hot import OneHot
        from tasks.synthetic.recall import Recall

        train, val, test = (self._split(*part) for part in parts)
        return Problem(
            train,
            val,
            test,
            input_size=SYMBOLS + 2,
            steps=self.length + self.memorize,
            encoder=OneHot(SYMBOLS + 2),
            head=partial(EveryStep, outputs=SYMBOLS, last=self.memorize),
            loss=Recall().loss,
            tally=Recall().tally,
            scores=Recall().scores,
        )

    def _split(self, draw: RandomNumbers, count: int) -> TensorSplit:
        """Return `count` random examples."""
        import torch

        from tasks.blocks.splits import TensorSplit

        symbols = torch.from_numpy(draw.integers(SYMBOLS, count, self.memorize)).to(torch.uint8)
        places = torch.from_numpy(draw.subsets(count, self.memorize, self.length))
        x = torch.full((count, self.length + self.memorize), NOISE, dtype=torch.uint8)
        x.scatter_(1, places, symbols)
        x[:, self.length :] = SIGNAL
        return TensorSplit(x, symbols)
