"""Sections of stored values as one batch with padding. S values, T time, B batch."""

import torch
from torch import Tensor


def padded_rows(values: Tensor, starts: Tensor, lengths: Tensor) -> Tensor:
    """Return sections (T, B, ...) of values (S, ...), with zeros at their ends. T is the largest length.

    Args:
        values: the values of all sections.
        starts: (B,) the first value of each section.
        lengths: (B,) the number of values of each section.
    """
    steps = torch.arange(int(lengths.max()), device=values.device)[:, None]
    starts, lengths = (one.to(values.device, non_blocking=True) for one in (starts, lengths))
    inside = steps < lengths
    gathered = values[torch.where(inside, starts + steps, 0)]
    return gathered.masked_fill_(~inside.reshape(*inside.shape, *[1] * (values.dim() - 1)), 0)
