"""The optimisers by their names in configs."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import nn, optim

from gatebench.training_settings import OPTIMIZERS, WITH_MOMENTUM, WITH_RMS_DECAY, Training

GRAVES_DECAY = 0.95
"""The decay of both averages in Graves 2013."""

GRAVES_EPSILON = 1e-4
"""The number below the root in Graves 2013."""


def make_optimizer(settings: Training, parameters: Iterable[nn.Parameter]) -> optim.Optimizer:
    """Return a new optimiser.

    The settings that `Training` lacks are torch's defaults: for Adam and AdamW betas (0.9, 0.999) and eps 1e-8, for
    RMSprop alpha 0.99 and eps 1e-8, for Adagrad eps 1e-10 and no decay of the learning rate.

    Args:
        settings: the settings of the training.
        parameters: the parameters that are trained.
    """
    options: dict[str, Any] = {"lr": settings.first_rate, "weight_decay": settings.weight_decay}
    if settings.optimizer in WITH_MOMENTUM:
        options["momentum"] = settings.momentum
    if settings.optimizer in WITH_RMS_DECAY and settings.rms_decay is not None:
        options["alpha"] = settings.rms_decay
    if settings.optimizer == "sgd":
        options["nesterov"] = settings.nesterov
    if settings.optimizer == "rmsprop_graves":
        return GravesRMSprop(parameters, **options)
    kind: Callable[..., optim.Optimizer] = getattr(optim, OPTIMIZERS[settings.optimizer])
    # One call of torch for all weights. The results are those of one call for each weight, to the last bit, and small
    # networks need a third less time.
    return kind(parameters, foreach=True, **options)


class GravesRMSprop(optim.Optimizer):
    """RMSProp of Graves 2013, "Generating Sequences With Recurrent Neural Networks", equations 38 to 41.

    With the gradient ε and the weight w:

        n ← α n + (1 − α) ε²
        g ← α g + (1 − α) ε
        Δ ← μ Δ − η ε / √(n − g² + 1e-4)
        w ← w + Δ

    `torch.optim.RMSprop(centered=True, momentum=μ)` differs in one point: it divides by √(n − g²) + eps. Rounding can
    make n − g² slightly negative, and its root is not a number then. Here the constant is below the root. Both are
    equal in the limit of a small constant, if the learning rate does not change.

    Args:
        parameters: the parameters that are trained.
        lr: η. Graves has 1e-4.
        alpha: α. Graves has 0.95.
        momentum: μ. Graves has 0.9.
        weight_decay: λ; ε is increased by λ w.
        eps: the constant below the root.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float = 1e-4,
        alpha: float = GRAVES_DECAY,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        eps: float = GRAVES_EPSILON,
    ) -> None:
        options = {"lr": lr, "alpha": alpha, "momentum": momentum, "weight_decay": weight_decay, "eps": eps}
        super().__init__(parameters, options)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Change the weights once.

        Args:
            closure: a function that computes the loss and the gradients; None: they are computed already.

        Returns:
            The loss that the closure returns; None without a closure.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._change(weight, group)
        return loss

    def _change(self, weight: nn.Parameter, group: dict[str, Any]) -> None:
        """Change one weight."""
        state = self.state[weight]
        if not state:
            state.update({name: torch.zeros_like(weight) for name in ("square_avg", "grad_avg", "change")})
        assert weight.grad is not None
        gradient = weight.grad
        if group["weight_decay"]:
            gradient = gradient.add(weight, alpha=group["weight_decay"])
        alpha = group["alpha"]
        state["square_avg"].mul_(alpha).addcmul_(gradient, gradient, value=1 - alpha)
        state["grad_avg"].mul_(alpha).add_(gradient, alpha=1 - alpha)
        variance = state["square_avg"].addcmul(state["grad_avg"], state["grad_avg"], value=-1)
        root = variance.add_(group["eps"]).sqrt_()
        state["change"].mul_(group["momentum"]).addcdiv_(gradient, root, value=-group["lr"])
        weight.add_(state["change"])
