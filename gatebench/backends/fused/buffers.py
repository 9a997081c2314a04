"""Memory for the kernel: uninitialised, or widened to whole vectors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import pad

from gatebench.backends.fused.kernel import Kernel


def fresh(like: Tensor, *shape: int) -> Tensor:
    """Return an uninitialised tensor: the one source of memory for the kernel, so that tests can poison it."""
    return torch.empty(shape, dtype=like.dtype, device=like.device)


def widened(values: Tensor, width: int) -> Tensor:
    """Return values (…, W) as contiguous (…, width), with zeros behind."""
    if values.shape[-1] != width:
        return pad(values.detach(), (0, width - values.shape[-1]))
    return values if values.is_contiguous() else values.detach().contiguous()


def vectors(weights: Mapping[str, Tensor], kernel: Kernel, I: int, H: int) -> dict[str, Tensor]:  # noqa: E741
    """Return the weights as the kernel reads them: contiguous, pointwise ones widened."""
    width: dict[tuple[str, ...], int] = {("H",): kernel.padded(H), ("I",): kernel.padded(I)}
    shapes = kernel.plan.shapes
    return {n: widened(w, width.get(shapes[n]) or w.shape[-1]) for n, w in weights.items()}
