"""The penalties on large weights: λ₁ Σ |w| + ½ λ₂ Σ w², over all weights but not over biases.

The recorded training loss does not contain them. Their gradient is added before the gradient is clipped. The weight
decay of an optimiser differs: it holds for all parameters, and it comes after clipping.
"""

import torch
from torch import nn

_BIASES = ("b_", "d_")
"""The first letters of the names of a cell's biases in `gatebench.nn.recurrent.Recurrent`."""


def is_bias(name: str) -> bool:
    """Return whether a parameter is a bias, by its name in a `Network`.

    Examples:
        >>> [is_bias(name) for name in ("head.linear.bias", "recurrent.layers.0.b_f", "recurrent.layers.0.W_f")]
        [True, True, False]
    """
    last = name.rpartition(".")[2]
    return last.startswith("bias") or (".layers." in name and last.startswith(_BIASES))


@torch.no_grad()
def add_penalty_gradients(module: nn.Module, l1: float, l2: float) -> None:
    """Add λ₁ sign(w) + λ₂ w to the gradient of each weight, in place.

    Args:
        module: the network, after the backward pass.
        l1: λ₁.
        l2: λ₂.
    """
    for name, weight in module.named_parameters():
        if is_bias(name) or not weight.requires_grad:
            continue
        if weight.grad is None:
            weight.grad = torch.zeros_like(weight)
        if l1:
            weight.grad.add_(weight.sign(), alpha=l1)
        if l2:
            weight.grad.add_(weight, alpha=l2)
