"""Memory for the compiled code: uninitialised, or padded to whole vectors."""

from __future__ import annotations

import torch
from torch import Tensor


def uninitialised(like: Tensor, *shape: int) -> Tensor:
    """Return an uninitialised tensor. All memory of the compiled code comes from here: tests fill it with NaN."""
    return like.new_empty(shape)


def uninitialised_like(values: Tensor) -> Tensor:
    """Return an uninitialised contiguous tensor of the same shape and type; tests fill it with NaN too."""
    return torch.empty_like(values, memory_format=torch.contiguous_format)


def padded(values: Tensor, width: int) -> Tensor:
    """Return values (…, W) as contiguous (…, width), with zeros behind."""
    if values.shape[-1] != width:
        return torch.constant_pad_nd(values.detach(), (0, width - values.shape[-1]))
    return values if values.is_contiguous() else values.detach().contiguous()
