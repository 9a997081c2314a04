"""The norm of ∂loss/∂h[t] over the lag T − t: how far back a trained network's loss depends on its hidden states.

h[t] is the output of the top recurrent layer at step t, in the forward direction. T is the last step of a sequence, so
lag 0 is the last hidden state. The derivative is the total one, through all later steps; see
`gatebench.nn.perturbed_states`.

The loss is that of one example. If the network predicts something at every step, it is the loss of the last step alone:
the losses of earlier steps would add a gradient at every lag, whatever the network remembers.

B batch, H hidden, C outputs, L lags.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

import torch
from torch import Tensor

from gatebench.nn.perturbed_states import perturbed_output
from gatebench.task import Batch, Problem, Split
from gatebench.training.network import Network

EXAMPLES = 32
"""The largest number of validation examples over which the norm is averaged."""

VANISHED = 0.01
"""The share of the norm at lag 0 below which a gradient counts as vanished."""

LONGEST_LAG = 1024
"""The largest lag. Longer sequences are followed back for this number of steps."""


@dataclass(frozen=True)
class GradientOverLag:
    """The mean norm of ∂loss/∂h[t] at each lag.

    Attributes:
        lag: (L,) the lags T − t, ascending from 0; see `measured_lags`.
        norm: (L,) the mean of the Euclidean norm over the examples that are long enough, float64.
    """

    lag: Tensor
    norm: Tensor

    @property
    def half(self) -> int | None:
        """The smallest measured lag at which the norm is less than half of that at lag 0; None if there is none."""
        norms = self.norm.tolist()
        if not norms or not isfinite(norms[0]):
            return None
        return next((lag for lag, norm in zip(self.lag.tolist(), norms, strict=True) if norm < norms[0] / 2), None)

    @property
    def reach(self) -> int | None:
        """The largest measured lag at which the norm is at least `VANISHED` times that at lag 0.

        It is None if the norm at lag 0 is not finite or 0.
        """
        norms = self.norm.tolist()
        if not norms or not isfinite(norms[0]) or norms[0] == 0:
            return None
        lags: list[int] = self.lag.tolist()
        return max(lag for lag, norm in zip(lags, norms, strict=True) if norm >= norms[0] * VANISHED)


NO_GRADIENT = GradientOverLag(torch.zeros(0, dtype=torch.int64), torch.zeros(0, dtype=torch.float64))
"""The gradient of a network with several recurrent parts, of which no single one leads to the loss."""


def gradient_over_lag(network: Network, problem: Problem) -> GradientOverLag:
    """Return the gradient norms of a network over the lag, from the longest validation examples.

    Of examples with equal lengths, those that come first in the split are taken. Neither the weights nor their
    gradients are changed, and no random number is drawn.

    Args:
        network: the trained network, on any device.
        problem: the loaded task.
    """
    was_training = network.training
    network.eval()
    try:
        batch = _moved(problem.val.batch(longest_examples(problem.val)), network)
        lags = measured_lags(len(batch.x))
        norms = _norms(network, problem, batch, lags)
    finally:
        network.train(was_training)
    lengths = torch.full((norms.shape[1],), len(batch.x)) if batch.lengths is None else batch.lengths
    lag = torch.tensor(lags)
    exists = lag[:, None] < lengths
    mean = torch.where(exists, norms, 0.0).sum(1) / exists.sum(1)
    return GradientOverLag(lag, mean)


def measured_lags(steps: int) -> list[int]:
    """Return the lags at which the gradient of sequences with this number of steps is measured.

    These are all lags up to 16, then every second one up to 32, every fourth one up to 64, and so on. So a long
    sequence has few lags, and neighbours differ by at most an eighth.

    Examples:
        >>> measured_lags(41)[-7:]
        [24, 26, 28, 30, 32, 36, 40]
    """
    lags = list(range(16))
    start = 16
    while start < min(steps, LONGEST_LAG + 1):
        lags += range(start, 2 * start, start // 8)
        start *= 2
    return [lag for lag in lags if lag < min(steps, LONGEST_LAG + 1)]


def longest_examples(split: Split) -> Tensor:
    """Return the indices of the longest examples of a split, at most `EXAMPLES`."""
    if split.lengths is None:
        return torch.arange(min(len(split), EXAMPLES))
    return split.lengths.argsort(descending=True, stable=True)[:EXAMPLES]


def _moved(batch: Batch, network: Network) -> Batch:
    """Return the batch on the device of the network. The lengths stay on the CPU."""
    device = next(network.parameters()).device
    return replace(batch, x=batch.x.to(device), y=batch.y.to(device), continues=False)


def _norms(network: Network, problem: Problem, batch: Batch, lags: Sequence[int]) -> Tensor:
    """Return the norm of the gradient of each example's loss at each lag, (L, B), in float64 on the CPU."""
    with torch.no_grad():
        x = network.encoder(batch.x)
    examples = x.shape[1]
    perturbation = x.new_zeros(len(lags), examples, network.recurrent.hidden_size, requires_grad=True)
    with torch.enable_grad():
        output = perturbed_output(network.recurrent, x, batch.lengths, lags, perturbation)
        logits = network.head_output(output, batch, for_loss=True)
        targets = examples
        if logits.dim() == 3:  # (steps, B, C)
            is_last = last_steps(batch.lengths, len(logits), examples).to(logits.device)
            logits = torch.where(is_last[..., None], logits, logits.detach())
            targets = len(logits) * examples if batch.lengths is None else int(batch.lengths.sum())
        (gradient,) = torch.autograd.grad(problem.loss(logits, batch) * targets, perturbation)
    norms: Tensor = torch.linalg.vector_norm(gradient.double(), dim=-1)
    return norms.cpu()


def last_steps(lengths: Tensor | None, steps: int, examples: int) -> Tensor:
    """Return a mask (steps, B): True at the last step of each example."""
    last = torch.full((examples,), steps - 1) if lengths is None else lengths - 1
    return torch.arange(steps)[:, None] == last
