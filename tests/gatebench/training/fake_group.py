"""Groups of ranks in one process: each rank is a thread."""

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from gatebench.ranks import Ranks
from gatebench.training.rank_group import RankGroup


class ThreadGroup(RankGroup):
    """The ranks of a process, which exchange their values through memory.

    Args:
        ranks: the place of this thread.
        barrier: the barrier of all threads.
        values: a list with a place for each rank.
    """

    def __init__(self, ranks: Ranks, barrier: threading.Barrier, values: list[Any]) -> None:
        super().__init__(ranks)
        self.barrier, self.values = barrier, values

    def _all(self, value: Any) -> list[Any]:
        self.values[self.ranks.rank] = value
        self.barrier.wait(30)
        found = list(self.values)
        self.barrier.wait(30)
        return found

    def start_sum(self, value: float) -> Callable[[], float]:
        total = sum(self._all(value))
        return lambda: total

    def sum(self, values: Tensor) -> Tensor:
        return torch.stack(self._all(values.detach().double())).sum(0)

    def gather_bytes(self, content: bytes) -> list[bytes]:
        return self._all(content)


def on_ranks(world: int, work: Callable[[RankGroup], Any]) -> list[Any]:
    """Run a function on each rank of a group, and return the results in the order of the ranks."""
    barrier = threading.Barrier(world)
    values: list[Any] = [None] * world
    results: list[Any] = [None] * world

    def run(rank: int) -> None:
        try:
            results[rank] = work(ThreadGroup(Ranks(rank, world), barrier, values))
        except BaseException as error:
            results[rank] = error
            barrier.abort()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(world)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results
