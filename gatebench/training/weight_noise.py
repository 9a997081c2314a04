"""Gaussian noise on the weights during the forward and the backward pass of a training step."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from gatebench.nn.batch_draws import BatchDraws


class WeightNoise:
    """Adds noise to all parameters, weights and biases, and takes it away again.

    The gradient is that at the noisy weights, and the optimiser changes the weights without noise. The noise is drawn
    once for each batch (Jim et al. 1996; Graves 2011; Graves 2013, section 3.2, with a fixed standard deviation).

    Args:
        deviation: the standard deviation of the noise.
    """

    def __init__(self, deviation: float) -> None:
        self.deviation = deviation
        self._clean: list[tuple[nn.Parameter, Tensor]] = []

    @torch.no_grad()
    def add(self, parameters: Iterable[nn.Parameter], draws: BatchDraws) -> None:
        """Add new noise.

        Args:
            parameters: the parameters that are trained.
            draws: the source of the noise.
        """
        self.remove()
        for weight in parameters:
            if weight.requires_grad:
                self._clean.append((weight, weight.detach().clone()))
                weight.add_(draws.weight_noise(weight, self.deviation))

    @torch.no_grad()
    def remove(self) -> None:
        """Give the parameters the values that they had before the noise, to the last bit."""
        for weight, clean in self._clean:
            weight.copy_(clean)
        self._clean = []
