"""Batches of a split, in an order that depends on the seed and the epoch alone: every cell sees the same."""

from collections.abc import Iterator
from time import perf_counter

import torch
from torch import Generator, Tensor

from gatebench.task import Batch, Split

POOL = 50  # batches among which sequences are sorted by length: less padding, and still a random order


class Batches:
    """The batches of one split; iterating it anew is the next epoch.

    Args:
        split: the data.
        batch_size: B; the last batch may be smaller and is never dropped.
        seed: for shuffling; None keeps the split's order.
    """

    def __init__(self, split: Split, batch_size: int, seed: int | None) -> None:
        self.split, self.batch_size, self.seed = split, batch_size, seed
        self.epoch = 0
        self.waited = 0.0  # seconds spent gathering batches so far

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-len(self.split) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the epoch's batches."""
        for indices in self._order() if len(self.split) else ():
            began = perf_counter()
            batch = self.split.batch(indices)
            self.waited += perf_counter() - began
            yield batch
        self.epoch += 1

    def _order(self) -> tuple[Tensor, ...]:
        lengths = self.split.lengths
        if self.seed is None:
            order = torch.arange(len(self.split)) if lengths is None else lengths.argsort(stable=True)
            return torch.split(order, self.batch_size)
        generator = Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.split), generator=generator)
        if lengths is None:
            return torch.split(order, self.batch_size)
        pools = torch.split(order, self.batch_size * POOL)
        batches = [b for pool in pools for b in torch.split(pool[lengths[pool].argsort(stable=True)], self.batch_size)]
        return tuple(batches[i] for i in torch.randperm(len(batches), generator=generator).tolist())
