"""The batches of a split and their order.

Training batches: the examples are shuffled anew for every epoch. The order depends only on the seed and the number of
the epoch, so every cell sees the same batches. Sequences of different lengths are shuffled first, then sorted by length
among `POOL` batches, and then the batches are shuffled.

Validation and test batches: the order is the same in every epoch. It is the order of the split; sequences of different
lengths are sorted by length, shortest first.

Several ranks divide each batch: rank 0 has its first examples, rank 1 the next ones, and so on. The numbers of examples
differ by at most one. So all ranks together train on the same batches as one process.
"""

from collections.abc import Iterator
from time import perf_counter

import torch
from torch import Generator, Tensor

from gatebench.ranks import ALONE, Ranks
from gatebench.task import Batch, Split

POOL = 50
"""The number of batches among which sequences are sorted by length. It reduces padding and keeps the order random."""


EMPTY = Batch(torch.empty(0, 0), torch.empty(0))
"""The share of a rank that has no example of a batch, because the batch has fewer examples than there are ranks."""


class Batches:
    """The batches of one split, or the share of one rank in each of them. An iteration yields those of one epoch.

    Args:
        split: the data.
        batch_size: B, the number of examples of all ranks together. The last batch may be smaller and is never dropped.
        seed: the seed of the shuffling; None for the fixed order of validation and test.
        ranks: the place of this process; by default it is alone.

    Attributes:
        epoch: the number of the epoch, from 0, whose batches the next iteration yields. `start_at` changes it.
        waited: the seconds spent on gathering batches so far.
    """

    def __init__(self, split: Split, batch_size: int, seed: int | None, ranks: Ranks = ALONE) -> None:
        self.split, self.batch_size, self.seed, self.ranks = split, batch_size, seed, ranks
        self.epoch = 0
        self.waited = 0.0
        self._skipped = 0

    def start_at(self, epoch: int, batches: int = 0) -> None:
        """Let the next iteration yield the batches of an epoch.

        Args:
            epoch: the number of the epoch, from 0.
            batches: the number of batches that are left out at its start, if a trial continues from a checkpoint.
        """
        self.epoch, self._skipped = epoch, batches

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-len(self.split) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        """Yield the batches of the epoch."""
        order = self._order()[self._skipped :] if len(self.split) else ()
        self._skipped = 0
        for indices in order:
            began = perf_counter()
            batch = self._share(indices)
            self.waited += perf_counter() - began
            yield batch

    def _share(self, indices: Tensor) -> Batch:
        """Return this rank's examples of a batch."""
        if self.ranks.world > 1:
            indices = indices.tensor_split(self.ranks.world)[self.ranks.rank]
        return self.split.batch(indices) if len(indices) else EMPTY

    def _order(self) -> tuple[Tensor, ...]:
        """Return the indices of the examples of each batch."""
        lengths = self.split.lengths
        if self.seed is None:
            order = torch.arange(len(self.split)) if lengths is None else lengths.argsort(stable=True)
            return torch.split(order, self.batch_size)
        generator = Generator().manual_seed(self.seed * 1_000_003 + self.epoch)
        order = torch.randperm(len(self.split), generator=generator)
        if lengths is None:
            return torch.split(order, self.batch_size)
        batches: list[Tensor] = []
        for pool in torch.split(order, self.batch_size * POOL):
            by_length = pool[lengths[pool].argsort(stable=True)]
            batches += torch.split(by_length, self.batch_size)
        return tuple(batches[i] for i in torch.randperm(len(batches), generator=generator).tolist())
