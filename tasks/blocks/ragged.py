"""A split of sequences of unequal lengths, stored one after another without padding.

This is written by hand because `torch.nn.utils.rnn.pad_sequence` needs a list of tensors, which costs a loop over the
examples in Python for every batch. Here one indexing operation gathers and pads a batch.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from gatebench.task import Batch


@dataclass(eq=False, slots=True)
class RaggedSplit:
    """Examples that are sections of one long sequence of values. N examples, S values, T time, B batch, I input.

    Attributes:
        values: (S + 1,) token numbers or (S + 1, I) numbers. Several splits may share them. The last value is the
            padding after the end of an example.
        starts: (N,) index of the first value of each example, int64 on the CPU.
        lengths: (N,) number of steps of each example, int64 on the CPU.
        y: (N,) or (N, K) targets. None: the target of a step is the next value, which must exist.

    Raises:
        ValueError: the shapes or types of the tensors do not match, a length is less than 1, or an example exceeds the
            values.
    """

    values: Tensor
    starts: Tensor
    lengths: Tensor | None
    y: Tensor | None = None

    def __post_init__(self) -> None:
        if self.lengths is None or not self.starts.dtype == self.lengths.dtype == torch.int64:
            raise ValueError("starts and lengths must be int64.")
        if self.starts.shape != self.lengths.shape or (self.y is not None and len(self.y) != len(self.starts)):
            raise ValueError("starts, lengths and y disagree.")
        ends = self.starts + self.lengths + (self.y is None)
        if ((self.lengths < 1) | (self.starts < 0) | (ends >= len(self.values))).any():
            raise ValueError("Every example must have a step, and lie within the values.")

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def steps(self) -> int:
        """The length of the longest example."""
        return 0 if self.lengths is None else int(self.lengths.max())

    def with_tensors(self, change: Callable[[Tensor], Tensor]) -> Self:
        """Return the split with changed tensors of values and targets, for example on another device."""
        return replace(self, values=change(self.values), y=None if self.y is None else change(self.y))

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order, time first and contiguous.

        A batch has as many steps as its longest example.
        """
        assert self.lengths is not None  # checked in __post_init__
        starts, lengths = self.starts[indices], self.lengths[indices]
        device = self.values.device
        y = None if self.y is None else self.y[indices.to(device, non_blocking=True)]
        if len(indices) == 1:  # it has no padding, so that its values need no index
            start, stop = int(starts), int(starts) + int(lengths)
            return Batch(self._section(start, stop), self._section(start + 1, stop + 1) if y is None else y, lengths)
        t = torch.arange(int(lengths.max()), device=device)[:, None]
        positions = starts.to(device, non_blocking=True) + t
        padding = t >= lengths.to(device, non_blocking=True)
        if y is None:
            y = self._gather(positions + 1, padding)
        return Batch(self._gather(positions, padding), y, lengths)

    def _section(self, start: int, stop: int) -> Tensor:
        """Return a copy of values that follow one another, (T, 1, ...)."""
        return self.values[start:stop].clone()[:, None]

    def _gather(self, positions: Tensor, padding: Tensor) -> Tensor:
        """Return the values (T, B, ...) at the positions (T, B), and the last value where `padding` is true."""
        positions = positions.masked_fill(padding, len(self.values) - 1)
        return self.values.index_select(0, positions.flatten()).reshape(*positions.shape, *self.values.shape[1:])
