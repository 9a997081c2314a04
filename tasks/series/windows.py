"""Windows of a long series: the past is the input, what follows is forecast.

N steps of the series, I columns, O of them forecast, L steps of input, H steps of forecast, B batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Batch


@dataclass(eq=False, slots=True)
class Windows:
    """Every window of a part of a series, one step apart, gathered with one indexing a batch; none is kept.

    values: (N, I), contiguous, the columns to forecast first. outputs: O. first: the step at which window 0 begins.
    count: how many windows there are. subtract_last: the last input of each column is subtracted from its inputs and
    its targets, so that a forecast is a change and zero repeats the last value; errors stay what they are.

    Raises:
        ValueError: the values are not contiguous, or do not hold so many windows.
    """

    values: Tensor
    outputs: int
    input_length: int
    horizon: int
    first: int
    count: int
    subtract_last: bool = False
    lengths: Tensor | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        end = self.first + self.count - 1 + self.input_length + self.horizon
        if not self.values.is_contiguous() or self.first < 0 or end > len(self.values):
            raise ValueError(f"values {tuple(self.values.shape)} do not hold windows from {self.first} to {end}.")

    def __len__(self) -> int:
        return self.count

    def batch(self, indices: Tensor) -> Batch:
        """Return the windows with these indices (B,): x (L, B, I) and y (B, H · O), the columns fastest."""
        windows = self._view().index_select(0, indices)
        past, future = windows[:, : self.input_length], windows[:, self.input_length :, : self.outputs]
        if self.subtract_last:
            last = past[:, -1:]
            past, future = past - last, future - last[..., : self.outputs]
        return Batch(past.transpose(0, 1).contiguous(), future.flatten(1))

    def _view(self) -> Tensor:
        """Return all windows (count, L + H, I) as a view, in which neighbours overlap."""
        columns = self.values.shape[1]
        shape, strides = (self.count, self.input_length + self.horizon, columns), (columns, columns, 1)
        return self.values[self.first :].as_strided(shape, strides)


def part_spans(ends: Sequence[int], input_length: int, horizon: int, name: str) -> list[tuple[int, int]]:
    """Return where the first window of training, validation and test begins, and how many there are.

    A part's windows forecast its own steps only, those from the end before to its own of the three `ends`; the inputs
    of validation and test may reach back into the part before. `name` is the series', for the sentence.

    Raises:
        UserError: a part is too short for one window.
    """
    spans = []
    for part, begin, end in zip(("training", "validation", "test"), (input_length, *ends[:-1]), ends, strict=True):
        first, count = begin - input_length, end - begin - horizon + 1
        if first < 0 or count < 1:
            raise UserError(
                f"{name} is too short: of its {ends[-1]:,} steps, parted after {ends[0]:,} and {ends[1]:,}, the {part} "
                f"part holds no window of {input_length} steps of input and {horizon} of forecast; "
                f"lower task.input_length or task.horizon."
            )
        spans.append((first, count))
    return spans


def standardize(values: NDArray[np.float64], training: int, columns: Sequence[str], name: str) -> Tensor:
    """Return the series (N, I) with mean 0 and standard deviation 1 over its first `training` steps, as float32.

    Raises:
        UserError: a column has one value only there, or values that are too large or too close to be told apart.
    """
    known = values[:training]
    for column, seen in zip(columns, known.T, strict=True):
        if (seen == seen[0]).all():
            raise UserError(
                f"Column {column!r} of {name} is {seen[0]:g} in all {training:,} steps for training, so that it cannot "
                f"be standardised and tells nothing."
            )
    with np.errstate(all="ignore"):
        scale = known.std(0)
        scaled = ((values - known.mean(0)) / scale).astype(np.float32, order="C")
    for column, finite in zip(columns, np.isfinite(scaled).all(0) & np.isfinite(scale), strict=True):
        if not finite:
            raise UserError(f"Column {column!r} of {name} has numbers too large or too close to be standardised.")
    return torch.from_numpy(scaled)
