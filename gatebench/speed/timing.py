"""Times of training steps: interleaved repetitions and their medians; and the GEMM peak of the machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from math import ceil
from statistics import median, quantiles

import torch

MIN_REPETITIONS = 5
"""The smallest number of repetitions of each candidate."""

PAUSE = 0.025
"""Seconds between two repetitions when torch uses several threads.

After a parallel region, the other threads of OpenMP's pool spin for a while, each on one core, before they sleep
(libgomp: 300,000 rounds; 10 ms measured). They would take these cores from a candidate in another process. The pause
follows every repetition, so it is the same for all candidates.
"""

CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
"""The clocks by name. "processor": the processor time of all threads of a process, which other processes hardly change.
With several threads it also counts the time in which threads wait for each other."""

_LONG_STEP = 0.05  # seconds: a training step that takes longer is run once in a repetition, without a warm-up
_SHORT_STEPS = 0.02  # seconds of shorter training steps in a repetition, after one that warms up caches and threads


@dataclass(frozen=True)
class Timing:
    """Seconds of one training step over all repetitions.

    Attributes:
        median: the median, in seconds.
        first_quartile: the first quartile, in seconds.
        third_quartile: the third quartile, in seconds.
        repetitions: the number of repetitions.
    """

    median: float
    first_quartile: float
    third_quartile: float
    repetitions: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Timing:
        """Return the timing of two or more repetitions."""
        first, middle, third = quantiles(seconds, n=4, method="inclusive")
        return cls(middle, first, third, len(seconds))

    @property
    def spread(self) -> float:
        """Half the interquartile range, as a fraction of the median."""
        return (self.third_quartile - self.first_quartile) / 2 / self.median


def step_seconds(training_step: Callable[[], object], clock: str = "wall") -> float:
    """Run one repetition, and return the seconds of a training step.

    A long training step runs once. A short one runs several times, and the median is returned.

    Args:
        training_step: the training step.
        clock: one of `CLOCKS`.
    """
    first = _seconds(training_step, clock)
    if first > _LONG_STEP:
        return first
    return median(_seconds(training_step, clock) for _ in range(min(100, ceil(_SHORT_STEPS / first))))


def time_interleaved(repetitions: Sequence[Callable[[], float]], seconds: float, pause: float = 0.0) -> list[Timing]:
    """Repeat all candidates in interleaved order, and return the timing of each.

    The first repetition of each candidate warms up and does not count. The order is reversed in every other round, so
    that no candidate always follows the same one.

    Args:
        repetitions: one function for each candidate; it runs one repetition and returns the seconds of a training step.
        seconds: duration of all counted repetitions together. Each candidate has at least `MIN_REPETITIONS`.
        pause: seconds to wait after every repetition.
    """
    times: list[list[float]] = [[] for _ in repetitions]
    pairs = list(zip(repetitions, times, strict=True))
    for repeat in repetitions:
        repeat()
        time.sleep(pause)
    end = time.perf_counter() + seconds
    for round_number in count():
        if not pairs or (round_number >= MIN_REPETITIONS and time.perf_counter() >= end):
            break
        for repeat, candidate_times in pairs if round_number % 2 == 0 else reversed(pairs):
            candidate_times.append(repeat())
            time.sleep(pause)
    return [Timing.of(candidate_times) for candidate_times in times]


def gemm_peak(size: int = 1024, seconds: float = 0.5, clock: str = "wall") -> float:
    """Return the FLOP/s of torch's product of two square matrices in float32: the best of many products.

    Args:
        size: rows and columns of the matrices.
        seconds: for how long products are timed.
        clock: one of `CLOCKS`.
    """
    a, b, out = torch.rand(size, size), torch.rand(size, size), torch.empty(size, size)
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end:
        best = min(best, _seconds(lambda: torch.mm(a, b, out=out), clock))
    return 2 * size**3 / best


def _seconds(function: Callable[[], object], clock: str) -> float:
    read = CLOCKS[clock]
    start = read()
    function()
    return read() - start
