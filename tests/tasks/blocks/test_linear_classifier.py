import pytest
import torch
from torch import Tensor, nn

from tasks.blocks.linear_classifier import SEGMENTS, linear_accuracy
from tasks.blocks.splits import TensorSplit

T, I, C = 21, 3, 4  # noqa: E741


class Doubled(nn.Module):
    """An encoder that is another in training."""

    two: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("two", torch.tensor(2.0))

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(x) if self.training else self.two * x


def split(count: int, seed: int, signal: float) -> TensorSplit:
    """Class c is louder in the c-th segment."""
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(count, T, I, generator=generator), torch.arange(count) % C
    for segment in range(C):
        x[y == segment, 3 * segment : 3 * segment + 3] += signal
    return TensorSplit(x, y)


def test_what_a_linear_map_can_tell_it_tells() -> None:
    encoder = Doubled()
    assert linear_accuracy(split(400, 0, 3.0), split(200, 1, 3.0), encoder, C) == 1.0
    assert encoder.training


def test_without_a_signal_it_is_at_chance() -> None:
    assert linear_accuracy(split(800, 0, 0.0), split(800, 1, 0.0), Doubled(), C) == pytest.approx(1 / C, abs=0.06)


def test_it_sees_means_of_segmentes_alone() -> None:
    train, test = split(400, 0, 1.0), split(200, 1, 1.0)
    frames = torch.arange(T).reshape(SEGMENTS, -1).flip(1).flatten()  # the order within each segment
    other = TensorSplit(test.x[:, frames], test.y)
    assert linear_accuracy(train, test, Doubled(), C) == linear_accuracy(train, other, Doubled(), C)
