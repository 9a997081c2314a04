"""The steps of a batch that belong to a sequence and are no padding. T time, B batch.

Their numbers are computed from the lengths, which lie on the CPU. An index of truth values would wait for a GPU,
because the shape of its result depends on them. A program of `torch.compile` has such an index nevertheless: it ends
there in any case, and another program begins.
"""

import torch
from torch import Tensor

from gatebench.device_copies import sent
from gatebench.task import Batch


def valid_values(batch: Batch, *values: Tensor) -> tuple[Tensor, ...]:
    """Return the values (n, ...) of each tensor (T, B, ...) at the n valid steps of a batch; see `places_within`."""
    if batch.lengths is None:
        return tuple([one.flatten(0, 1) for one in values])
    return values_within(batch.lengths, *values)


def values_within(lengths: Tensor, *values: Tensor) -> tuple[Tensor, ...]:
    """Return the values (n, ...) of each tensor (T, B, ...) at the n steps within sequences.

    Args:
        lengths: (B,) the number of steps of each sequence, on the CPU.
        values: the tensors, all on one device.
    """
    steps, device = len(values[0]), values[0].device
    if torch.compiler.is_compiling():  # with places, the program would consist of more parts
        inside = torch.arange(steps, device=device)[:, None] < lengths.to(device, non_blocking=True)
        return tuple([one[inside] for one in values])
    places = places_within(lengths, steps, device)
    return tuple([one.flatten(0, 1).index_select(0, places) for one in values])


def places_within(lengths: Tensor, steps: int, device: torch.device) -> Tensor:
    """Return the numbers (n,) of the steps within sequences among all T · B, on a device.

    They are in the order of the steps, and within a step in that of the batch.

    Args:
        lengths: (B,) the number of steps of each sequence, on the CPU.
        steps: T.
        device: the device of the result.
    """
    inside = torch.arange(steps)[:, None] < lengths
    return sent(inside.flatten().nonzero()[:, 0], device)


def valid_places(batch: Batch) -> Tensor | None:
    """Return the numbers (n,) of the valid steps of a batch, on the device of its inputs; None if all are valid."""
    return None if batch.lengths is None else places_within(batch.lengths, len(batch.x), batch.x.device)


def valid_count(batch: Batch) -> int:
    """Return the number of valid steps."""
    return batch.x.shape[0] * batch.x.shape[1] if batch.lengths is None else int(batch.lengths.sum())
