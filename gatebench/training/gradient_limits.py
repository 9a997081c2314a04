"""The limits of the gradient between the backward pass and the step of the optimiser.

| setting | the gradient g becomes | source |
| --- | --- | --- |
| gradient_clip=c | g · min(1, c / ‖g‖), with the norm over all parameters | Pascanu et al. 2013, algorithm 1 |
| gradient_clip_value=c | each element is limited to [−c, c] | |
| gradient_rescale=c | g · c / ‖g‖, also if ‖g‖ < c | |

The first two are those of `torch.nn.utils.clip_grad_norm_` and `clip_grad_value_`.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gatebench.training_settings import Training


def limit_gradient(settings: Training, parameters: Sequence[nn.Parameter]) -> None:
    """Limit the gradient in place, as the settings say.

    Args:
        settings: the settings of the training.
        parameters: the parameters that are trained.
    """
    if settings.gradient_rescale:
        rescale_gradient(parameters, settings.gradient_rescale)
    elif settings.gradient_clip:
        gradients = [one.grad for one in parameters if one.grad is not None]
        if gradients and all(one.is_cpu for one in gradients):
            clip_norm(gradients, settings.gradient_clip)
        else:
            nn.utils.clip_grad_norm_(parameters, settings.gradient_clip)
    elif settings.gradient_clip_value:
        nn.utils.clip_grad_value_(parameters, settings.gradient_clip_value)


@torch.no_grad()
def clip_norm(gradients: list[Tensor], limit: float) -> None:
    """Scale gradients on the CPU to a global norm, in place, if theirs is larger.

    `torch.nn.utils.clip_grad_norm_` gives the same bits. It sorts the gradients by device and type first, and it
    multiplies them also if the factor is 1.

    Args:
        gradients: the gradients.
        limit: the norm.
    """
    norms = torch._foreach_norm(gradients, 2.0)
    total = torch.linalg.vector_norm(torch.stack(norms), 2.0)
    factor = torch.clamp(limit / (total + 1e-6), max=1.0)
    if factor.item() != 1.0:  # also if it is not a number
        torch._foreach_mul_(gradients, factor)


@torch.no_grad()
def rescale_gradient(parameters: Sequence[nn.Parameter], norm: float) -> None:
    """Scale the gradient to a global norm, in place. A gradient of 0 stays 0.

    Args:
        parameters: the parameters that are trained.
        norm: the norm c.
    """
    gradients = [one.grad for one in parameters if one.grad is not None]
    total = nn.utils.get_total_norm(gradients)
    factor = torch.where(total > 0, norm / total, total)
    for gradient in gradients:
        gradient.mul_(factor.to(gradient.device))
