"""A split of sequences that are padded to the same length and held in memory."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gatebench.task import Batch


@dataclass(eq=False, slots=True)
class TensorSplit:
    """Examples in memory. One indexing operation gathers a batch. N examples, T time, B batch, I input.

    Attributes:
        x: (N, T) token numbers or (N, T, I) values.
        y: (N,) or (N, K) targets; (N, T) or (N, T, K) targets if `y_per_step`.
        lengths: (N,) valid steps of each example, int64 on the CPU; None if all have T. A batch has as many steps as
            its longest example.
        full_scale: the value that becomes 1. `x` stays in its type, for example bytes, and each batch is converted to
            floats and divided by it. None: `x` is not converted.
        y_per_step: whether there is a target for each step.

    Raises:
        ValueError: the shapes of the tensors do not match, or a length is not from 1 to T.
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
            raise ValueError("lengths must be one int64 per example.")
        if ((self.lengths < 1) | (self.lengths > self.x.shape[1])).any():
            raise ValueError(f"lengths must be from 1 to {self.x.shape[1]}.")

    def __len__(self) -> int:
        return len(self.x)

    def with_tensors(self, change: Callable[[Tensor], Tensor]) -> "TensorSplit":
        """Return the split with changed tensors of inputs and targets, for example on another device."""
        return replace(self, x=change(self.x), y=change(self.y))

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order, time first and contiguous."""
        lengths = None if self.lengths is None else self.lengths.index_select(0, indices)
        steps = self.x.shape[1] if lengths is None else int(lengths.max())
        indices = indices.to(self.x.device, non_blocking=True)
        x = _time_first(self.x, indices, steps)
        if self.full_scale is not None:
            x = x.to(torch.float32).div_(self.full_scale)
        y = _time_first(self.y, indices, steps) if self.y_per_step else self.y.index_select(0, indices)
        return Batch(x, y, lengths)


def _time_first(values: Tensor, indices: Tensor, steps: int) -> Tensor:
    """Return the first `steps` of the chosen rows of (N, T, ...) as (steps, B, ...)."""
    return values.narrow(1, 0, steps).index_select(0, indices).transpose(0, 1).contiguous()
