"""Copies to a GPU for which the program does not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def sent(values: Tensor, device: torch.device) -> Tensor:
    """Return values on a device. The copy from the CPU to a CUDA device does not wait for that device."""
    if values.device.type == device.type:
        return values
    return (values.pin_memory() if device.type == "cuda" else values).to(device, non_blocking=True)
