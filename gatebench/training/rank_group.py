"""The exchange of values between the ranks of a trial.

All ranks add the values of all ranks in the same order, so they have the same sums to the last bit. They therefore take
the same decisions, for example when training stops.
"""

import json
from collections.abc import Callable, Mapping, Sequence

import torch
import torch.distributed as dist
from torch import Tensor

from gatebench.ranks import ALONE, Ranks


class RankGroup:
    """The connected ranks of a trial. All ranks must call the same methods in the same order.

    Without other ranks, every method returns the values of this process unchanged.

    Args:
        ranks: the place of this process.

    Attributes:
        ranks: as in the arguments.
    """

    def __init__(self, ranks: Ranks) -> None:
        self.ranks = ranks

    @property
    def is_alone(self) -> bool:
        """Whether there are no other ranks."""
        return self.ranks.world == 1

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, which sends the epochs and makes the outcome."""
        return self.ranks.rank == 0

    def start_sum(self, value: float) -> Callable[[], float]:
        """Start to add a number over the ranks, and return a function that waits for the sum and returns it."""
        if self.is_alone:
            return lambda: value
        mine = torch.tensor([value], dtype=torch.float64)
        parts = [torch.empty_like(mine) for _ in range(self.ranks.world)]
        work = dist.all_gather(parts, mine, async_op=True)

        def total() -> float:
            work.wait()
            return sum(part.item() for part in parts)

        return total

    def sum(self, values: Tensor) -> Tensor:
        """Return the sum of a tensor over the ranks, in float64 on the CPU. It has the same shape on all ranks."""
        mine = values.detach().double().cpu()
        if self.is_alone or not mine.numel():
            return mine
        parts = [torch.empty_like(mine) for _ in range(self.ranks.world)]
        dist.all_gather(parts, mine)
        total = torch.zeros_like(mine)
        for part in parts:
            total += part
        return total

    def sum_by_name(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the sums of numbers over the ranks. A rank may lack a name; its number is 0 then."""
        if self.is_alone:
            return dict(values)
        total: dict[str, float] = {}
        for content in self.gather_bytes(json.dumps(dict(values)).encode()):
            for name, value in json.loads(content).items():
                total[name] = total.get(name, 0.0) + value
        return total

    def any(self, *flags: bool) -> Sequence[bool]:
        """Return for each flag whether it is true on any rank."""
        return flags if self.is_alone else (self.sum(torch.tensor(flags)) > 0).tolist()

    def gather_bytes(self, content: bytes) -> list[bytes]:
        """Return the bytes of all ranks, in their order. The lengths may differ."""
        if self.is_alone:
            return [content]
        lengths = [torch.empty(1, dtype=torch.int64) for _ in range(self.ranks.world)]
        dist.all_gather(lengths, torch.tensor([len(content)]))
        longest = max(int(length) for length in lengths)
        mine = torch.zeros(longest, dtype=torch.uint8)
        mine[: len(content)] = torch.frombuffer(bytearray(content or b"\0"), dtype=torch.uint8)[: len(content)]
        parts = [torch.empty_like(mine) for _ in range(self.ranks.world)]
        dist.all_gather(parts, mine)
        return [part[: int(length)].numpy().tobytes() for part, length in zip(parts, lengths, strict=True)]


NO_GROUP = RankGroup(ALONE)
"""The group of a process that trains a network without others."""
