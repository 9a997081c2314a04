"""Images that many splits share, each of which reads them in an order of its own; and splits put side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.task import Batch, Split

FULL_SCALE = 255


@dataclass(eq=False, slots=True)
class PermutedSplit:
    """Images as sequences of their values in one order; the images stay where they are, unpermuted.

    images: (N, P) bytes; y: (N,) targets; order: (P,) positions; steps: T, each of P / T values, scaled to [0, 1].
    """

    images: Tensor
    y: Tensor
    order: Tensor
    steps: int
    lengths: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order, time first and contiguous."""
        values = self.images.index_select(0, indices).index_select(1, self.order)
        x = values.reshape(len(indices), self.steps, -1).transpose(0, 1).to(torch.float32).div_(FULL_SCALE)
        return Batch(x.contiguous(), self.y.index_select(0, indices))


class JointSplit:
    """The examples of several splits, all of one T, one split after another."""

    lengths: Tensor | None = None

    def __init__(self, parts: Sequence[Split]) -> None:
        self.parts = parts
        self.ends = torch.tensor([len(part) for part in parts]).cumsum(0)

    def __len__(self) -> int:
        return int(self.ends[-1])

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order."""
        owners = torch.bucketize(indices, self.ends, right=True)
        order = owners.argsort(stable=True)
        pieces = [
            part.batch(indices[owners == number] - int(self.ends[number]) + len(part))
            for number, part in enumerate(self.parts)
            if (owners == number).any()
        ]
        place = order.argsort()
        x = torch.cat([piece.x for piece in pieces], 1).index_select(1, place)
        return Batch(x, torch.cat([piece.y for piece in pieces]).index_select(0, place))
