"""A split of sequences that are not equally long, kept end to end: no padding lies in memory."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gatebench.task import Batch


@dataclass(eq=False, slots=True)
class RaggedSplit:
    """Stretches of one long row of values, gathered with one indexing a batch. N examples, S steps in all, T time.

    values: (S + 1,) token numbers or (S + 1, I) numbers, which several splits may share; the last is what stands behind
    an example's end. starts, lengths: (N,) where each example begins and how many steps it has, on the CPU, int64. y:
    (N,) or (N, K) targets; or None, and the target of every step is the value after it, which must be there.

    Raises:
        ValueError: the tensors disagree, a length is not at least 1, or an example reaches over the row.
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

    def batch(self, indices: Tensor) -> Batch:
        """Return the examples with these indices (B,), in this order, time first and contiguous.

        A batch is as long as its longest example.
        """
        assert self.lengths is not None  # seen to in __post_init__
        starts, lengths = self.starts[indices], self.lengths[indices]
        t = torch.arange(int(lengths.max()))[:, None]
        at, behind = starts + t, t >= lengths
        y = self._at(at + 1, behind) if self.y is None else self.y[indices]
        return Batch(self._at(at, behind), y, lengths)

    def _at(self, at: Tensor, behind: Tensor) -> Tensor:
        """Return the values (T, B, ...) at these places (T, B), and the last one where `behind`."""
        places = at.masked_fill(behind, len(self.values) - 1)
        return self.values.index_select(0, places.flatten()).reshape(*places.shape, *self.values.shape[1:])
