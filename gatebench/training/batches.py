"""The batches of a split and their order.

Training batches: the examples are shuffled anew in each epoch. The order depends only on the seed and the epoch, so
every cell sees the same batches. Sequences of different lengths are shuffled first, then sorted by length among
`POOL` batches, and then the batches are shuffled.

Validation and test batches: the order is the same in every epoch. It is the order of the split; sequences of different
lengths are sorted by length, shortest first.
"""

from collections.abc import Iterator
from time import perf_counter

import torch
from torch import Generator, Tensor

from gatebench.task import Batch, Split

POOL = 50
"""The number of batches among which sequences are sorted by length. It reduces padding and keeps the order random."""


class Batches:
    """The batches of one split. Each iteration is one epoch.

    Args:
        split: the data.
        batch_size: B. The last batch may be smaller and is never dropped.
        seed: the seed of the shuffling; None for the fixed order of validation and test.

    Attributes:
        epoch: the number of complete epochs.
        waited: the seconds spent on gathering batches so far.
    """

    def __init__(self, split: Split, batch_size: int, seed: int | None) -> None:
        self.split, self.batch_size, self.seed = split, batch_size, seed
        self.epoch = 0
        self.waited = 0.0

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
