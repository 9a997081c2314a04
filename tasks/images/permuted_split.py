"""Splits of permuted images that share the memory of the images, and the concatenation of several splits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gatebench.task import Batch, Split

FULL_SCALE = 255


@dataclass(eq=False, slots=True)
class PermutedSplit:
    """Images as sequences of permuted pixels. Only the pixels of a batch are permuted, so splits can share the images.

    N images, P pixels, T time.

    Attributes:
        images: (N, P) bytes in the original order.
        y: (N,) targets.
        order: (P,) the permutation: the indices of the pixels in the order in which they are read.
        steps: T. Each step has P / T pixels, scaled to [0, 1].
        lengths: None, because all sequences have T steps.
    """

    images: Tensor
    y: Tensor
    order: Tensor
    steps: int
    lengths: Tensor | None = None

    def __len__(self) -> int:
        return len(self.images)

    def with_tensors(self, change: Callable[[Tensor], Tensor]) -> "PermutedSplit":
        """Return the split with changed tensors, for example on another device."""
        return replace(self, images=change(self.images), y=change(self.y), order=change(self.order))

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order, time first and contiguous."""
        indices = indices.to(self.images.device, non_blocking=True)
        values = self.images.index_select(0, indices).index_select(1, self.order)
        x = values.reshape(len(indices), self.steps, -1).transpose(0, 1).to(torch.float32).div_(FULL_SCALE)
        return Batch(x.contiguous(), self.y.index_select(0, indices))


class JointSplit:
    """The concatenation of several splits whose sequences have the same number of steps."""

    lengths: Tensor | None = None

    def __init__(self, parts: Sequence[Split]) -> None:
        self.parts = parts
        self.ends = torch.tensor([len(part) for part in parts]).cumsum(0)

    def __len__(self) -> int:
        return int(self.ends[-1])

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order."""
        part_numbers = torch.bucketize(indices, self.ends, right=True)
        batches = []
        for number, part in enumerate(self.parts):
            in_part = part_numbers == number
            if in_part.any():
                start = int(self.ends[number]) - len(part)
                batches.append(part.batch(indices[in_part] - start))
        # The examples are now sorted by part. The inverse permutation restores the order of the indices.
        positions = part_numbers.argsort(stable=True).argsort()
        x = torch.cat([batch.x for batch in batches], 1).index_select(1, positions)
        return Batch(x, torch.cat([batch.y for batch in batches]).index_select(0, positions))
