"""Windows of a series: each window is an input and the steps after it, which are to be forecast.

N steps of the series, I columns, O of them forecast, L steps of input, H steps of forecast, B batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Batch


@dataclass(eq=False, slots=True)
class Windows:
    """All windows of one part of a series, one step apart. Each batch is gathered from the series when it is needed.

    Attributes:
        values: (N, I) the series, contiguous. The columns to forecast come first.
        outputs: O, the number of columns to forecast.
        input_length: L, the number of input steps.
        horizon: H, the number of steps to forecast.
        first: the step at which window 0 begins.
        count: the number of windows.
        subtract_last: whether the last input of each column is subtracted from the column's inputs and targets. A
            forecast is then a change from the last value. This does not change the errors.
        lengths: None, because all windows are equally long.

    Raises:
        ValueError: the values are not contiguous, or the series is too short for these windows.
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

    def with_tensors(self, change: Callable[[Tensor], Tensor]) -> "Windows":
        """Return the windows of a changed series, for example on another device."""
        return replace(self, values=change(self.values))

    def batch(self, indices: Tensor) -> Batch:
        """Return the windows with these indices (B,): x (L, B, I) and y (B, H · O), where the column varies fastest."""
        windows = self._view().index_select(0, indices.to(self.values.device, non_blocking=True))
        past, future = windows[:, : self.input_length], windows[:, self.input_length :, : self.outputs]
        if self.subtract_last:
            last = past[:, -1:]
            past, future = past - last, future - last[..., : self.outputs]
        return Batch(past.transpose(0, 1).contiguous(), future.flatten(1))

    def _view(self) -> Tensor:
        """Return all windows (count, L + H, I) as a view of the series, in which neighbouring windows overlap."""
        columns = self.values.shape[1]
        shape = (self.count, self.input_length + self.horizon, columns)
        strides = (columns, columns, 1)
        return self.values[self.first :].as_strided(shape, strides)


def window_spans(ends: Sequence[int], input_length: int, horizon: int, name: str) -> list[tuple[int, int]]:
    """Return the step at which the first window of a part begins, and the part's number of windows, for each part.

    The windows of a part forecast only steps of this part. The inputs of validation and test windows may contain steps
    of the part before.

    Args:
        ends: the steps after which training, validation and test end.
        input_length: L.
        horizon: H.
        name: the name of the series, for messages.

    Raises:
        UserError: a part is too short for one window.
    """
    spans = []
    first_targets = (input_length, *ends[:-1])
    for part, begin, end in zip(("training", "validation", "test"), first_targets, ends, strict=True):
        first, count = begin - input_length, end - begin - horizon + 1
        if first < 0 or count < 1:
            raise UserError(
                f"{name} is too short: its {ends[-1]:,} steps are split after {ends[0]:,} and {ends[1]:,}, and the "
                f"{part} part has no window of {input_length} steps of input and {horizon} of forecast; "
                f"lower task.input_length or task.horizon."
            )
        spans.append((first, count))
    return spans


def training_scale(training: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean (I,) and the standard deviation (I,) of each column of a training part (N, I)."""
    return training.mean(0), training.std(0)


def standardize(values: NDArray[np.float64], training: int, columns: Sequence[str], name: str) -> Tensor:
    """Return a series with mean 0 and standard deviation 1 over its training part, as float32.

    Args:
        values: (N, I) the series.
        training: the number of steps of the training part, which is the first.
        columns: (I,) the names of the columns, for messages.
        name: the name of the series, for messages.

    Raises:
        UserError: a column is constant in the training part, or its values are too large or too close together for
            float32.
    """
    train = values[:training]
    for column, train_values in zip(columns, train.T, strict=True):
        if (train_values == train_values[0]).all():
            raise UserError(
                f"Column {column!r} of {name} is {train_values[0]:g} in all {training:,} steps for training, so that "
                f"it cannot be standardised."
            )
    with np.errstate(all="ignore"):
        mean, scale = training_scale(train)
        scaled = ((values - mean) / scale).astype(np.float32, order="C")
    for column, finite in zip(columns, np.isfinite(scaled).all(0) & np.isfinite(scale), strict=True):
        if not finite:
            raise UserError(
                f"Column {column!r} of {name} has numbers that are too large or too close together to be standardised."
            )
    return torch.from_numpy(scaled)
