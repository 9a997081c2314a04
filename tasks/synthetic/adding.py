"""The adding problem: the target is the sum of the two marked numbers of a long sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatebench.task import Batch, Metric, Problem, Size
from tasks.blocks.validation import check_whole
from tasks.synthetic.generated import Generated, Part

if TYPE_CHECKING:
    from torch import Tensor

    from tasks.blocks.random_numbers import RandomNumbers
    from tasks.blocks.splits import TensorSplit

TOLERANCE = 0.04  # an answer with a smaller error is correct, as in Hochreiter & Schmidhuber 1997


@dataclass(frozen=True)
class Adding(Generated):
    """Add the two marked numbers of a sequence.

    A step has two inputs: a number from [0, 1), and a mark, which is 1 at two steps and 0 at all others. Each half of
    the sequence has one marked step. The target, after the last step, is the sum of the two marked numbers.

    Attributes:
        length: T.
        training: the number of training examples.
        validation: the number of validation examples.
        test: the number of test examples.
        data_seed: the seed of the examples.
    """

    title = "Adding two marked numbers"
    metrics = (
        Metric("mse", "min", low=0),
        Metric("correct", "max", low=0, high=1),
    )
    chance = 1 / 6  # always answering 1 gives the variance of the sum; Le et al. print 0.1767
    optimum = 0.0
    protocol = (
        "Le, Jaitly & Hinton 2015 with the marks of Arjovsky, Shah & Bengio 2016, one in each half; correct is the "
        "share of answers with an error below 0.04, as in Hochreiter & Schmidhuber 1997. Departures: fewer examples by "
        "default (theirs are 100,000 and 10,000), and some of them are held out for validation."
    )
    generator = "1"

    length: int = 100
    training: int = 10_000
    validation: int = 1_000
    test: int = 2_000
    data_seed: int = 0

    def __post_init__(self) -> None:
        check_whole("length", self.length, 2)
        super().__post_init__()

    def size(self) -> Size:
        """Return the number of training examples, T, and the number of inputs."""
        return Size(self.training, self.length, 2)

    def problem(self, *parts: Part) -> Problem:
        """Return the problem with random examples."""
        from functools import partial

        from torch import nn

        from tasks.blocks.objectives import LastStep

        train, val, test = (self._split(*part) for part in parts)
        return Problem(
            train,
            val,
            test,
            input_size=2,
            steps=self.length,
            encoder=nn.Identity(),
            head=partial(LastStep, classes=1),
            loss=mean_squared_error,
            tally=tally_errors,
            scores=error_scores,
            baselines=lambda: {"always 1": (test.y - 1).square().mean().item()},
        )

    def _split(self, draw: RandomNumbers, count: int) -> TensorSplit:
        """Return `count` random examples."""
        import torch

        from tasks.blocks.splits import TensorSplit

        half = self.length // 2
        x = torch.zeros(count, self.length, 2)
        x[:, :, 0] = torch.from_numpy(draw.uniform(count, self.length))
        first = torch.from_numpy(draw.integers(half, count))
        second = torch.from_numpy(draw.integers(self.length - half, count)) + half
        marked = torch.stack([first, second], 1)
        x[:, :, 1].scatter_(1, marked, 1.0)
        return TensorSplit(x, x[:, :, 0].gather(1, marked).sum(1))


def mean_squared_error(answers: Tensor, batch: Batch) -> Tensor:
    """Return the mean squared error of answers (B, 1) against `batch.y` (B,)."""
    return (answers[:, 0] - batch.y).square().mean()


def tally_errors(answers: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the sum of the squared errors of answers (B, 1), the number of correct ones and the number of all."""
    errors = (answers[:, 0] - batch.y).abs()
    correct = (errors < TOLERANCE).sum()
    return {"squares": errors.square().sum(), "correct": correct, "examples": correct.new_full((), len(batch.y))}


def error_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the mean squared error and the share of correct answers, from added tallies."""
    return {"mse": totals["squares"] / totals["examples"], "correct": totals["correct"] / totals["examples"]}
