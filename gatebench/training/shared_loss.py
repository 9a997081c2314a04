"""The loss of a batch of which each rank has a share.

The loss of a task is a mean over the targets of the batch. DDP averages the gradients of the ranks. The shares of a
batch can have different numbers of targets, for example if the last batch is small or sequences differ in length. So
the loss of rank r is multiplied by n_r / Σ n, where n_r is the number of targets of its share, and for DDP by the
number of ranks.
"""

import torch
from torch import Tensor

from gatebench.task import Batch, Problem
from gatebench.training.compiled_loss import LossOf
from gatebench.training.network import Network
from gatebench.training.rank_group import RankGroup


def shared_loss(problem: Problem, network: Network, loss_of: LossOf, batch: Batch, group: RankGroup) -> Tensor:
    """Return the part of this rank in the mean loss of the whole batch. The parts of all ranks add up to it.

    A rank without examples returns 0 with a gradient of 0 for all parameters, so that it takes part in the exchange.

    Args:
        problem: the task.
        network: the network.
        loss_of: returns the loss of a batch.
        batch: the share of this rank; it may be empty.
        group: the ranks.
    """
    targets = problem.targets(batch) if batch.x.shape[1] else 0.0
    all_targets = group.start_sum(targets)
    if not targets:
        all_targets()
        return _zero(network)
    return loss_of(batch) * (targets / all_targets())


def _zero(network: Network) -> Tensor:
    """Return 0, whose gradient with respect to each parameter is 0, also if a parameter is not finite."""
    return torch.stack([weight.flatten()[:0].sum() for weight in network.parameters() if weight.requires_grad]).sum()
