"""Times that can be compared: taken in turns, medians over enough of them; and the machine's own limit beside them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from math import ceil
from statistics import median, quantiles

import torch
from torch import Tensor

FEWEST = 5
"""Turns that each contestant has at least."""

PAUSE = 0.025
"""Seconds between two turns on several threads.

After a parallel region the other threads of OpenMP's pool spin for a while, each on a core, before they sleep (libgomp:
300,000 rounds; 10 ms measured). A contestant in another process would find these cores taken, so everybody waits.
"""

_LONG = 0.05  # seconds: a step that takes longer is measured at once, and once a turn
_BURST = 0.02  # seconds of shorter steps in a turn, after one that warms caches and threads up


@dataclass(frozen=True)
class Timing:
    """Seconds of a step over all turns: the median, the first and the third quartile. turns: how many."""

    median: float
    first_quartile: float
    third_quartile: float
    turns: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Return what two or more measurements say."""
        first, middle, third = quantiles(seconds, n=4, method="inclusive")
        return cls(middle, first, third, len(seconds))

    @property
    def spread(self) -> float:
        """Half the interquartile range, as a part of the median."""
        return (self.third_quartile - self.first_quartile) / 2 / self.median


def burst(step: Callable[[], object]) -> float:
    """Return the seconds that a step takes in one turn: those of a long step, the median of several short ones."""
    first = _timed(step)
    if first > _LONG:
        return first
    return median(_timed(step) for _ in range(min(100, ceil(_BURST / first))))


def interleaved(turns: Sequence[Callable[[], float]], seconds: float, pause: float = 0.0) -> list[Timing]:
    """Return the timing of each contestant.

    After one turn each that does not count, they take turns for `seconds` in all, and at least `FEWEST` times, there
    and back again, so that nobody is always behind the same one.

    Args:
        turns: run a step of theirs and return how long it took.
        seconds: of the contest.
        pause: in seconds, behind every turn.
    """
    times: list[list[float]] = [[] for _ in turns]
    lanes = list(zip(turns, times, strict=True))
    for turn in turns:
        turn()
        time.sleep(pause)
    end = time.perf_counter() + seconds
    for number in count():
        if not lanes or (number >= FEWEST and time.perf_counter() >= end):
            break
        for turn, own in lanes if number % 2 == 0 else reversed(lanes):
            own.append(turn())
            time.sleep(pause)
    return [Timing.of(own) for own in times]


def gemm_peak(size: int = 1024, seconds: float = 0.5) -> float:
    """Return the FLOP/s of torch's float32 product of two square matrices, with torch's threads: the best of many."""
    a, b, out = torch.rand(size, size), torch.rand(size, size), torch.empty(size, size)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        best = min(best, _timed(lambda: torch.mm(a, b, out=out)))
    return 2 * size**3 / best


def kept_bytes(forward: Callable[[], object], given: Sequence[Tensor]) -> int:
    """Return how many bytes a forward pass keeps for the backward pass, apart from the tensors that it was `given`."""
    known = {tensor.untyped_storage().data_ptr() for tensor in given}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = forward()
    del result
    return sum(found.values())


def _timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start
