"""The steps of a batch that belong to a sequence and are no padding. T time, B batch.

Their numbers are computed from the lengths, which lie on the CPU. An index of truth values would wait for a GPU,
because the shape of its result depends on them. For the same reason a program of `torch.compile` ends where steps are
picked.
"""

import torch
from torch import Tensor

from gatebench.device_copies import sent
from gatebench.task import Batch


def valid_places(batch: Batch) -> Tensor | None:
    """Return the numbers (n,) of the valid steps among all T · B, on the device of the inputs; None if all are valid.

    They are in the order of the steps, and within a step in that of the batch.
    """
    return None if batch.lengths is None else places_within(batch.lengths, len(batch.x), batch.x.device)


@torch.compiler.disable  # type: ignore[untyped-decorator]
def places_within(lengths: Tensor, steps: int, device: torch.device) -> Tensor:
    """Return the numbers (n,) of the steps within sequences among all T · B, on a device.

    Args:
        lengths: (B,) the number of steps of each sequence, on the CPU.
        steps: T.
        device: the device of the result.
    """
    inside = torch.arange(steps)[:, None] < lengths
    return sent(inside.flatten().nonzero()[:, 0], device)


def valid_count(batch: Batch) -> int:
    """Return the number of valid steps."""
    return batch.x.shape[0] * batch.x.shape[1] if batch.lengths is None else int(batch.lengths.sum())


def chosen_steps(values: Tensor, places: Tensor | None) -> Tensor:
    """Return the values (n, ...) at some places of values (T, B, ...); at all places if they are None."""
    rows = values.flatten(0, 1)
    return rows if places is None else _picked(rows, places)


@torch.compiler.disable  # type: ignore[untyped-decorator]
def _picked(rows: Tensor, places: Tensor) -> Tensor:
    return rows.index_select(0, places)
