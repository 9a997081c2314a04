"""Trials that share a process: each runs in a thread of its own, and they take turns.

Only the trial that has the turn runs Python code. It gives the turn away while compiled code computes for it for some
time, and after the training step or the batch of a validation with which its turn has lasted for `TURN_SECONDS`. So the
compiled code of some trials runs beside the Python code of another, on as many cores.

torch has one global random generator in a process, and one on each GPU. A trial takes their states along: they are kept
when its turn ends, and set when the next one begins. So it draws the numbers that it draws alone, and its results are
the same to the last bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock, local
from time import monotonic
from typing import Any, TypeVar

import torch
from torch import Tensor

_Result = TypeVar("_Result")

TURN_SECONDS = 0.02
"""The time after which a turn ends with a step. Waking another thread takes up to half a millisecond."""

_thread = local()


class Turns:
    """The turns of the trials of a process. The trial that waits longest comes next."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[_Place] = deque()
        self._is_taken = False
        self._last: _Place | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """Run the block, a trial in this thread, in turns with those of other threads."""
        own = _Place(self)
        _thread.place = own
        own.begin()
        try:
            yield
        finally:
            del _thread.place
            own.end()

    def _take(self, place: _Place) -> bool:
        """Wait for the turn. Return whether another trial has had it since this one."""
        with self._lock:
            waits, self._is_taken = self._is_taken, True
            if waits:
                self._waiting.append(place)
        if waits:
            place.gate.acquire()
        others, self._last = self._last is not place, place
        return others

    def _give(self) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().gate.release()
            else:
                self._is_taken = False


class _Place:
    """One trial among those of a process.

    Attributes:
        turns: the turns of the process.
        gate: a lock that another thread opens when this trial has the turn.
        began: the time at which its turn began.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns, self.gate, self.began = turns, Lock(), 0.0
        self.gate.acquire()
        self._random: tuple[Tensor, Tensor | None] | None = None

    def begin(self) -> None:
        """Wait for the turn, and set the states of the random generators."""
        others = self.turns._take(self)
        self.began = monotonic()
        if others and self._random is not None:
            cpu, cuda = self._random
            torch.set_rng_state(cpu)
            if cuda is not None:
                torch.cuda.set_rng_state(cuda)

    def end(self) -> None:
        """Keep the states of the random generators, and give the turn away."""
        self._random = torch.get_rng_state(), torch.cuda.get_rng_state() if _uses_gpu() else None
        self.turns._give()


def outside(function: Callable[..., _Result], *arguments: Any, is_short: bool = False) -> _Result:
    """Call compiled code, and let another trial of this process have the turn meanwhile.

    Args:
        function: the compiled code. It must not use torch's random generators, or memory that other trials use.
        arguments: its arguments.
        is_short: whether it takes so little time that the turn is kept.
    """
    place: _Place | None = getattr(_thread, "place", None)
    if place is None or is_short:
        return function(*arguments)
    place.end()
    try:
        return function(*arguments)
    finally:
        place.begin()


def pass_on() -> None:
    """Give the turn to the trial that waits longest, and wait for the next one.

    Without others nothing happens, and before the end of `TURN_SECONDS`.
    """
    place: _Place | None = getattr(_thread, "place", None)
    if place is not None and place.turns._waiting and monotonic() - place.began >= TURN_SECONDS:
        place.end()
        place.begin()


def own_stream(device: str) -> AbstractContextManager[object]:
    """Return a context in which a GPU computes for this trial beside what it computes for others; none on a CPU.

    Args:
        device: the type of the torch device.
    """
    has_streams = device == "cuda" and torch.cuda.is_available()
    return torch.cuda.stream(torch.cuda.Stream()) if has_streams else nullcontext()  # type: ignore[no-untyped-call]


def _uses_gpu() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]
