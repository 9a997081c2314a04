"""What backends with a backward pass of their own have to refuse in it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gatebench.errors import Refusal


def check_derived_only(name: str, through_gates: Sequence[Tensor | None]) -> None:
    """Refuse a backward pass that was not derived.

    Args:
        name: the backend's.
        through_gates: the gradients that arrive at traced gates, None for zero.

    Raises:
        Refusal: a second derivative is asked for, or a gradient through a traced gate.
    """
    if torch.is_grad_enabled():
        raise Refusal(f"{name} has no second derivative; backend=reference has one.")
    if any(gradient is not None for gradient in through_gates):
        raise Refusal(f"{name} has no gradient through traced gates; backend=reference has one.")
