"""Data on a GPU: splits that are moved there once, and batches that are copied there without waiting.

The splits of a task are moved if together they need at most `SHARE` of the free memory of the device. Then a batch is
gathered on the device, and only the indices of its examples are copied. If they do not fit, or if a split has no
`with_tensors`, batches are gathered on the CPU, and copied from pinned memory while the device computes. The lengths of
sequences always stay on the CPU, because the number of steps of a batch depends on them.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, cast

import torch
from torch import Tensor

from gatebench.task import Split

SHARE = 0.5
"""The largest share of the free memory of a device that data may take."""


class MovableSplit(Protocol):
    """A split that can gather batches on a device."""

    def with_tensors(self, change: Callable[[Tensor], Tensor]) -> Split:
        """Return the split with changed tensors: those from which `batch` gathers."""


def resident_splits(splits: Sequence[Split], device: torch.device) -> Sequence[Split]:
    """Return the splits on the device if all of them can be moved and fit, else the given ones.

    Args:
        splits: the splits of a task. They may share tensors, which are moved once.
        device: a CUDA device.
    """
    if not all(hasattr(split, "with_tensors") for split in splits):
        return splits
    sizes: dict[tuple[int, ...], int] = {}

    def measured(values: Tensor) -> Tensor:
        sizes[_place(values)] = values.nbytes
        return values

    movable = [cast("MovableSplit", split) for split in splits]
    for split in movable:
        split.with_tensors(measured)
    if sum(sizes.values()) > SHARE * free_memory(device):
        return splits
    there: dict[tuple[int, ...], Tensor] = {}

    def moved(values: Tensor) -> Tensor:
        if _place(values) not in there:
            there[_place(values)] = values.to(device)
        return there[_place(values)]

    return [split.with_tensors(moved) for split in movable]


def free_memory(device: torch.device) -> int:
    """Return the free memory of a CUDA device in bytes."""
    return torch.cuda.mem_get_info(device)[0]


def _place(values: Tensor) -> tuple[int, ...]:
    """Return the memory of a tensor: the address, the shape and the strides."""
    return (values.data_ptr(), *values.shape, *values.stride())
