"""Sequences of unequal length in one batch: lengths (B,) are whole numbers from 0 to T. T time, B batch."""

import torch
from torch import Tensor

from gatebench.errors import UserError


def checked(lengths: Tensor, x: Tensor) -> Tensor:
    """Return the lengths of x (T, B, I) as int64; raise `UserError` where they are not that."""
    T, B = x.shape[:2]
    lengths = torch.as_tensor(lengths)
    whole = not (lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool)
    if not whole or lengths.shape != (B,) or (B and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T):
        raise UserError(f"lengths must be {B} whole numbers from 0 to {T}, one a sequence.")
    return lengths.long()


def alive(lengths: Tensor, x: Tensor) -> Tensor:
    """Return (T, B, 1): which steps of x (T, B, ·) belong to a sequence."""
    return (torch.arange(len(x), device=x.device)[:, None] < lengths.to(x.device))[..., None]


def flip(values: Tensor, lengths: Tensor | None) -> Tensor:
    """Return (T, B, ·) with every sequence reversed in its own length; what lies behind stays."""
    if lengths is None:
        return values.flip(0)
    t = torch.arange(len(values), device=values.device)[:, None]
    lengths = lengths.to(values.device)
    index = torch.where(t < lengths, lengths - 1 - t, t)
    return values.gather(0, index[..., None].expand_as(values))
