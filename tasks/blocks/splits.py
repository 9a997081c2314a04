"""A split whose tensors lie in memory."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.task import Batch


@dataclass(eq=False, slots=True)
class TensorSplit:
    """Examples in memory, gathered with one indexing a batch. N examples, T time, I input.

    x: (N, T) token numbers, or (N, T, I) values; y: (N,) or (N, K) targets, or (N, T) or (N, T, K) where `y_per_step`;
    lengths: (N,) true lengths on the CPU, int64, or None when all are T. Where `full_scale` is set, `x` is kept as it
    is, in bytes say, and given as floats, with `full_scale` as 1. A batch is cut after its longest example.

    Raises:
        ValueError: the tensors are not of one length, or a length is not from 1 to T.
    """

    x: Tensor
    y: Tensor
    lengths: Tensor | None = None
    full_scale: float | None = None
    y_per_step: bool = False

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or (self.y_per_step and self.x.shape[:2] != self.y.shape[:2]):
            raise ValueError(f"x {tuple(self.x.shape)} and y {tuple(self.y.shape)} disagree.")
        if self.lengths is None:
            return
        if self.lengths.shape != self.x.shape[:1] or self.lengths.dtype != torch.int64:
            raise ValueError("lengths must be one int64 an example.")
        if ((self.lengths < 1) | (self.lengths > self.x.shape[1])).any():
            raise ValueError(f"lengths must be from 1 to {self.x.shape[1]}.")

    def __len__(self) -> int:
        return len(self.x)

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order, time first and contiguous."""
        lengths = None if self.lengths is None else self.lengths.index_select(0, indices)
        steps = self.x.shape[1] if lengths is None else int(lengths.max())
        x = _time_first(self.x, indices, steps)
        if self.full_scale is not None:
            x = x.to(torch.float32).div_(self.full_scale)
        y = _time_first(self.y, indices, steps) if self.y_per_step else self.y.index_select(0, indices)
        return Batch(x, y, lengths)


def _time_first(values: Tensor, indices: Tensor, steps: int) -> Tensor:
    """Return the first `steps` of the chosen rows of (N, T, ...) as (steps, B, ...)."""
    return values.narrow(1, 0, steps).index_select(0, indices).transpose(0, 1).contiguous()
