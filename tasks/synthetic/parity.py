"""Parity: is the number of ones in a sequence of bits odd? A change of any bit changes the answer."""

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


@dataclass(frozen=True)
class Parity(Generated):
    """Classify a sequence of random bits, one a step: the target after the last bit is 1 if the number of ones is odd.

    Attributes:
        shortest: the least number of bits of a training or validation sequence. All lengths are equally likely.
        length: the greatest number of bits of a training or validation sequence.
        shortest_test: the least number of bits of a test sequence, by default greater than `length`.
        length_test: the greatest number of bits of a test sequence.
        training: the number of training examples.
        validation: the number of validation examples.
        test: the number of test examples.
        data_seed: the seed of the examples.
    """

    title = "Parity of a sequence of bits"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    chance = 0.5
    optimum = 1.0
    protocol = (
        "Delétang et al. 2023: trained on 1 to 40 bits and tested on 41 to 500, the accuracy averaged over lengths. "
        "Departures: a fixed set of examples, theirs are drawn anew at each training step; a length for each example, "
        "theirs is for each batch; and one input, theirs are two."
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
        for least, greatest in (("shortest", "length"), ("shortest_test", "length_test")):
            shortest, longest = getattr(self, least), getattr(self, greatest)
            check_whole(least, shortest, 1)
            check_whole(greatest, longest, 1)
            if shortest > longest:
                raise out_of_range(f"task.{least}", shortest, f"at most task.{greatest}, {longest}")
        super().__post_init__()

    def size(self) -> Size:
        """Return the number of training examples, the longest T among them, and the number of inputs."""
        return Size(self.training, self.length, 1)

    def problem(self, *parts: Part) -> Problem:
        """Return the problem with random examples."""
        from tasks.blocks.objectives import classification_problem

        train_lengths, test_lengths = (self.shortest, self.length), (self.shortest_test, self.length_test)
        ranges = (train_lengths, train_lengths, test_lengths)
        train, val, test = (_split(*part, *lengths) for part, lengths in zip(parts, ranges, strict=True))
        steps = max(self.length, self.length_test)
        return classification_problem(train, val, test, input_size=1, steps=steps, classes=2)


def _split(draw: RandomNumbers, count: int, shortest: int, longest: int) -> TensorSplit:
    """Return `count` random sequences of `shortest` to `longest` bits."""
    import torch

    from tasks.blocks.splits import TensorSplit

    lengths = shortest + torch.from_numpy(draw.integers(longest - shortest + 1, count))
    bits = torch.from_numpy(draw.integers(2, count, longest)).to(torch.uint8)
    bits *= torch.arange(longest) < lengths[:, None]  # padding after the last bit is 0
    odd = bits.sum(1) % 2
    return TensorSplit(bits[:, :, None], odd, None if shortest == longest else lengths, full_scale=1)
