"""Memory for the kernel: uninitialised, or widened to whole vectors."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import pad


def fresh(like: Tensor, *shape: int) -> Tensor:
    """Return an uninitialised tensor: the one source of memory for the kernel, so that tests can poison it."""
    return like.new_empty(shape)


def widened(values: Tensor, width: int) -> Tensor:
    """Return values (…, W) as contiguous (…, width), with zeros behind."""
    if values.shape[-1] != width:
        return pad(values.detach(), (0, width - values.shape[-1]))
    return values if values.is_contiguous() else values.detach().contiguous()
