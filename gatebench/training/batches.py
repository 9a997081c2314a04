"""The batches of a split and their order.

Training batches: the examples are shuffled anew for every epoch. The order depends only on the seed and the number of
the epoch, so every cell sees the same batches. Sequences of different lengths are shuffled first, then sorted by length
among `POOL` batches, and then the batches are shuffled.

Validation and test batches: the order is the same in every epoch. It is the order of the split; sequences of different
lengths are sorted by length, shortest first.

Several ranks divide each batch: rank 0 has its first examples, rank 1 the next ones, and so on. The numbers of examples
differ by at most one. So all ranks together train on the same batches as one process.

Streams: if the examples are the sections of one text, the order is that of `gatebench.training.parallel_streams`, in
every epoch. The ranks divide the streams, and a rank keeps its streams.
"""

from collections.abc import Iterator
from dataclasses import replace
from time import perf_counter

import torch
from torch import Generator, Tensor

from gatebench.ranks import ALONE, Ranks
from gatebench.task import Batch, Split
from gatebench.training.parallel_streams import stream_batches

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
        is_text: whether the examples are the sections of one text. Then a batch has an example of each of B streams,
            and the batches after the first one of an epoch continue the batch before.

    Attributes:
        epoch: the number of the epoch, from 0, whose batches the next iteration yields. `start_at` changes it.
        waited: the seconds spent on gathering batches so far.
    """

    def __init__(
        self, split: Split, batch_size: int, seed: int | None, ranks: Ranks = ALONE, *, is_text: bool = False
    ) -> None:
        self.split, self.batch_size, self.seed, self.ranks = split, batch_size, seed, ranks
        self.is_text = is_text
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
        order = self._order() if len(self.split) else ()
        first, self._skipped = self._skipped, 0
        for number in range(first, len(order)):
            began = perf_counter()
            batch = self._share(order[number])
            if self.is_text and number:
                batch = replace(batch, continues=True)
            self.waited += perf_counter() - began
            yield batch

    def examples(self, number: int) -> int:
        """Return the number of examples of this rank in a batch.

        Args:
            number: the number of the batch in its epoch, from 0.
        """
        return len(self._own(self._order()[number]))

    def _share(self, indices: Tensor) -> Batch:
        """Return this rank's examples of a batch."""
        indices = self._own(indices)
        return self.split.batch(indices) if len(indices) else EMPTY

    def _own(self, indices: Tensor) -> Tensor:
        """Return the indices of this rank's examples. A rank keeps its streams although a batch has fewer of them."""
        if self.ranks.world == 1:
            return indices
        places = torch.arange(min(self.batch_size, len(self.split)) if self.is_text else len(indices))
        own = places.tensor_split(self.ranks.world)[self.ranks.rank]
        return indices[own[own < len(indices)]]

    def _order(self) -> tuple[Tensor, ...]:
        """Return the indices of the examples of each batch."""
        if self.is_text:
            return stream_batches(len(self.split), self.batch_size)
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
