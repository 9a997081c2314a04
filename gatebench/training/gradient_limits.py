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
from torch import nn

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
        nn.utils.clip_grad_norm_(parameters, settings.gradient_clip)
    elif settings.gradient_clip_value:
        nn.utils.clip_grad_value_(parameters, settings.gradient_clip_value)


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
