"""The random generators of the ranks of a trial."""

import torch
from torch import Generator, nn

from gatebench.nn.batch_draws import BatchDraws

_STEP = 1_000_003


def seed_generators(module: nn.Module, seed: int, rank: int) -> None:
    """Give a rank random numbers of its own: for dropout, and for all generators that submodules hold.

    The generators of `BatchDraws` stay: with them all ranks draw the same numbers.

    All ranks draw the same initial weights before. Rank 0 goes on with the generators of a trial without other ranks.

    Args:
        module: the module that is trained.
        seed: the seed of the trial.
        rank: the number of this rank.
    """
    if not rank:
        return
    torch.manual_seed(seed + rank * _STEP)
    for submodule in module.modules():
        if isinstance(submodule, BatchDraws):
            continue
        for value in vars(submodule).values():
            if isinstance(value, Generator):
                value.manual_seed(seed + rank * _STEP)
