"""The random numbers of a training step: dropout masks and noise, for a batch that several processes may share.

All processes draw the numbers of the whole batch from generators with the same state, and each takes those of its own
examples. So the numbers of an example do not depend on the number of processes. They are drawn on the CPU: they do not
depend on the device either.

T time, B batch, F features.
"""

from dataclasses import dataclass

import torch
from torch import Generator, Tensor, nn

from gatebench.nn.masks import scaled_mask


@dataclass(frozen=True)
class BatchShare:
    """The part of a batch that a process has.

    Attributes:
        steps: T of the whole batch.
        examples: number of examples of the whole batch.
        first: number of the first example of this process in the whole batch.
    """

    steps: int
    examples: int
    first: int = 0


class BatchDraws(nn.Module):
    """Draws the numbers of a step. It is a module so that checkpoints find its generators.

    Args:
        seed: the seed, the same for all processes; None: the numbers come from torch's global generator, and each
            batch belongs to this process alone.

    Attributes:
        generator: the generator from which each step gets a seed of its own; None without a seed.
        share: the part of the batch of this step; None: all of it.
    """

    def __init__(self, seed: int | None = None) -> None:
        super().__init__()
        self.generator: Generator | None = None
        self.share: BatchShare | None = None
        self._of_step: Generator | None = None
        if seed is not None:
            self.generator, self._of_step = Generator().manual_seed(seed), Generator().manual_seed(seed)

    def begin(self, share: BatchShare) -> None:
        """Begin a training step. All processes must call it, also one without examples.

        Args:
            share: the part of the batch that this process has.
        """
        self.share = share
        if self.generator is not None and self._of_step is not None:
            # A process without examples draws nothing in the step; a new seed brings all to the same state again.
            seed = torch.randint(2**62, (), generator=self.generator)
            self._of_step.manual_seed(int(seed))

    def weight_noise(self, weight: Tensor, deviation: float) -> Tensor:
        """Return Gaussian noise with mean 0 in the shape of a weight; all processes get the same.

        Args:
            weight: the weight.
            deviation: the standard deviation.
        """
        noise = torch.randn(weight.shape, dtype=weight.dtype, generator=self._of_step)
        return noise.mul_(deviation).to(weight.device, non_blocking=True)

    def weight_mask(self, weight: Tensor, probability: float) -> Tensor:
        """Return a dropout mask in the shape of a weight; all processes get the same.

        Args:
            weight: the weight.
            probability: p. An element is 0 with this probability, and 1 / (1 − p) otherwise.
        """
        return self._mask(weight.shape, probability, weight)

    def example_mask(self, x: Tensor, features: int, probability: float) -> Tensor:
        """Return a dropout mask for each example, which holds for all of its steps, (B, F).

        Args:
            x: (T, B, ·) the examples of this process.
            features: F.
            probability: p. An element is 0 with this probability, and 1 / (1 − p) otherwise.
        """
        share = self.share or BatchShare(*x.shape[:2])
        mask = self._mask((share.examples, features), probability, x)
        return mask[share.first : share.first + x.shape[1]]

    def noise(self, x: Tensor, deviation: float) -> Tensor:
        """Return Gaussian noise with mean 0 in the shape of x, (T, B, F).

        Args:
            x: (T, B, F) the examples of this process.
            deviation: the standard deviation.
        """
        steps, examples, features = x.shape
        share = self.share or BatchShare(steps, examples)
        shape = (share.steps, share.examples, features)
        noise = torch.randn(shape, dtype=x.dtype, generator=self._of_step).mul_(deviation)
        return noise[:steps, share.first : share.first + examples].to(x.device, non_blocking=True)

    def _mask(self, shape: tuple[int, ...], probability: float, like: Tensor) -> Tensor:
        return scaled_mask(shape, probability, like.dtype, self._of_step).to(like.device, non_blocking=True)
