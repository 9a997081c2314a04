"""A check for backends with a derived backward pass: it has first derivatives only, and none of traced gates."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from gatebench.errors import Refusal


def check_derived_only(name: str, through_gates: Sequence[Tensor | None]) -> None:
    """Raise `Refusal` if a backward pass needs a derivative that was not derived.

    Args:
        name: of the backend.
        through_gates: the gradients of the loss with respect to the traced gates; None for zero.

    Raises:
        Refusal: the caller asks for a second derivative, or for a gradient through a traced gate.
    """
    if torch.is_grad_enabled():  # autograd enables it in a backward pass only with create_graph=True
        raise Refusal(f"{name} has no second derivative; backend=reference has one.")
    if any(gradient is not None for gradient in through_gates):
        raise Refusal(f"{name} has no gradient through traced gates; backend=reference has one.")
