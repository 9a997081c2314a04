"""Parity: is the number of ones in a sequence of bits odd? One flip of any bit changes the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatebench.errors import out_of_range
from gatebench.task import Metric, Problem, Size
from tasks.blocks.validation import check_whole
from tasks.synthetic.generated import Generated, Part

if TYPE_CHECKING:
    from tasks.blocks.splits import TensorSplit
    from tasks.synthetic.random_numbers import RandomNumbers


@dataclass(frozen=True)
class Parity(Generated):
    """Random bits, one a step (I 1); the target, told after the last one, is whether the number of ones is odd.

    shortest, length: a training sequence has from `shortest` to `length` bits, each number as often as another; a
    validation sequence likewise. shortest_test, length_test: the same for the test, by default beyond what was trained
    on. training, validation, test: how many examples; data_seed fixes them.
    """

    title = "Parity of a sequence of bits"
    metrics = (Metric("accuracy", "max"),)
    chance = 0.5
    optimum = 1.0
    protocol = (
        "Delétang et al. 2023: trained on 1 to 40 bits and tested on 41 to 500, the accuracy averaged over lengths. "
        "Departures: a fixed set of examples where theirs are drawn anew at each step, a length for each example where "
        "theirs is for each batch, and one input where theirs are two."
    )
    generator = "1"

    shortest: int = 1
    length: int = 40
    shortest_test: int = 41
    length_test: int = 500
    training: int = 10_000
    validation: int = 1_000
    test: int = 2_000
    data_seed: int = 0

    def __post_init__(self) -> None:
        for short, long in (("shortest", "length"), ("shortest_test", "length_test")):
            check_whole(short, getattr(self, short), 1)
            check_whole(long, getattr(self, long), 1)
            if getattr(self, short) > getattr(self, long):
                raise out_of_range(f"task.{short}", getattr(self, short), f"at most task.{long}, {getattr(self, long)}")
        super().__post_init__()

    def size(self) -> Size:
        """Return the number of training examples, the longest T among them, and one input."""
        return Size(self.training, self.length, 1)

    def problem(self, *parts: Part) -> Problem:
        """Draw the examples."""
        from tasks.blocks.objectives import classification_problem

        trained, tested = (self.shortest, self.length), (self.shortest_test, self.length_test)
        spans = (trained, trained, tested)
        train, val, test = (_split(*part, *span) for part, span in zip(parts, spans, strict=True))
        steps = max(self.length, self.length_test)
        return classification_problem(train, val, test, input_size=1, steps=steps, classes=2)


def _split(draw: RandomNumbers, count: int, shortest: int, longest: int) -> TensorSplit:
    import torch

    from tasks.blocks.splits import TensorSplit

    lengths = shortest + torch.from_numpy(draw.whole(longest - shortest + 1, count))
    bits = torch.from_numpy(draw.whole(2, count, longest)).to(torch.uint8)
    bits *= torch.arange(longest) < lengths[:, None]  # nothing lies behind the end
    odd = bits.sum(1) % 2
    return TensorSplit(bits[:, :, None], odd, None if shortest == longest else lengths, full_scale=1)
