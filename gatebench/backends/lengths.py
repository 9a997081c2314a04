"""Sequences of unequal length in one batch. T time, B batch.

The lengths (B,) are whole numbers from 0 to T. Sequence b has the steps 0 to lengths[b] - 1; the rest is padding.
"""

import torch
from torch import Tensor

from gatebench.errors import UserError


def checked_lengths(lengths: Tensor, x: Tensor) -> Tensor:
    """Return the lengths as int64 on the CPU. The program waits for a GPU if they lie there.

    Args:
        lengths: (B,), of any integer dtype.
        x: (T, B, I).

    Raises:
        UserError: they are not B whole numbers from 0 to T.
    """
    T, B = x.shape[:2]
    lengths = torch.as_tensor(lengths).cpu()
    is_integer = not (lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool)
    if not is_integer or lengths.shape != (B,) or (B and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T):
        raise UserError(f"lengths must be {B} whole numbers from 0 to {T}, one a sequence.")
    return lengths.long()


def step_mask(lengths: Tensor, x: Tensor) -> Tensor:
    """Return a mask (T, B, 1) for x (T, B, ·): True at the steps of a sequence, False at padding."""
    steps = torch.arange(x.shape[0], device=x.device)[:, None]
    return (steps < lengths.to(x.device, non_blocking=True))[..., None]


def reversed_sequences(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Return values (T, B, ·) with the steps of every sequence in reverse order; padding stays in its place."""
    if lengths is None:
        return values.flip(0)
    t = torch.arange(values.shape[0], device=values.device)[:, None]
    lengths = lengths.to(values.device, non_blocking=True)
    index = torch.where(t < lengths, lengths - 1 - t, t)
    return values.gather(0, index[..., None].expand_as(values))
