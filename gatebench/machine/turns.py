"""Trials that share a process: each runs in a thread of its own, and they take turns.

Only the trial that has the turn runs Python code. It gives the turn away while compiled code computes for it for some
time, and after the training step or the batch of a validation with which its turn has lasted for `TURN_SECONDS`. So the
compiled code of some trials runs beside the Python code of another, on as many cores.

torch has one global random generator in a process, and one on each GPU. A trial takes their states along: they are kept
when its turn ends, and set when the next one begins. So it draws the numbers that it draws alone, and its results are
the same to the last bit.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from importlib.resources import files
from threading import local
from time import monotonic
from typing import Any

import torch
from torch import Tensor

from gatebench.machine.c_compiler import load

USER = "replicas"
"""The name of this part of gatebench in messages."""

TURN_SECONDS = 0.02
"""The time after which a turn ends with a step."""

_thread = local()


class Turns:
    """The turns of the trials of a process.

    Raises:
        Refusal: there is no C compiler, or it fails.
    """

    def __init__(self) -> None:
        self._library = _library()
        self._turn = ctypes.create_string_buffer(ctypes.sizeof(ctypes.c_int32) * 2)
        self._last: _Place | None = None

    @contextmanager
    def place(self) -> Iterator[None]:
        """Wait for a turn, and run the block, a trial in this thread, in turns with those of other threads."""
        own = _Place(self)
        self._library.take(self._turn)
        own.begin()
        _thread.place = own
        try:
            yield
        finally:
            del _thread.place
            own.end()
            self._library.give(self._turn)


class _Place:
    """One trial among those of a process.

    Attributes:
        turns: the turns of the process.
        began: the time at which its turn began.
    """

    def __init__(self, turns: Turns) -> None:
        self.turns, self.began = turns, 0.0
        self._random: tuple[Tensor, Tensor | None] | None = None

    def begin(self) -> None:
        """Set the states of the random generators, after the turn was taken."""
        others, self.turns._last = self.turns._last is not self, self
        self.began = monotonic()
        if others and self._random is not None:
            cpu, cuda = self._random
            torch.set_rng_state(cpu)
            if cuda is not None:
                torch.cuda.set_rng_state(cuda)

    def end(self) -> None:
        """Keep the states of the random generators, before the turn is given away."""
        self._random = torch.get_rng_state(), torch.cuda.get_rng_state() if _uses_gpu() else None

    def call(self, name: str, *arguments: Any) -> int:
        """Call a function of `turns.c` that gives the turn away and takes the next one, and return its answer."""
        self.end()
        answer: int = getattr(self.turns._library, name)(self.turns._turn, *arguments)
        self.begin()
        return answer


def outside(function: Callable[[Any], int], argument: Any, *, is_short: bool = False, has_answer: bool = False) -> int:
    """Call compiled code, let another trial of this process have the turn meanwhile, and return the answer.

    Args:
        function: a function of a library that takes an address. It must not use torch's random generators, or memory
            that other trials use.
        argument: the address.
        is_short: whether it takes so little time that the turn is kept.
        has_answer: whether it returns an int; else the answer has no meaning.
    """
    place: _Place | None = getattr(_thread, "place", None)
    if place is None or is_short:
        return function(argument)
    address = ctypes.cast(function, ctypes.c_void_p)  # type: ignore[arg-type]
    return place.call("call_for_answer" if has_answer else "call", address, argument)


def pass_on() -> None:
    """Let another trial have the turn, and wait for the next one.

    Without others that wait nothing happens, and before the end of `TURN_SECONDS`.
    """
    place: _Place | None = getattr(_thread, "place", None)
    if place is not None and monotonic() - place.began >= TURN_SECONDS:
        place.call("pass_on")


def own_stream(device: str) -> AbstractContextManager[object]:
    """Return a context in which a GPU computes for this trial beside what it computes for others; none on a CPU.

    Args:
        device: the type of the torch device.
    """
    has_streams = device == "cuda" and torch.cuda.is_available()
    return torch.cuda.stream(torch.cuda.Stream()) if has_streams else nullcontext()  # type: ignore[no-untyped-call]


def _uses_gpu() -> bool:
    return bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]


@cache
def _library() -> ctypes.CDLL:
    library = load((files("gatebench.machine") / "c" / "turns.c").read_text(encoding="utf-8"), USER)
    for name in ("take", "give", "pass_on"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    for name in ("call", "call_for_answer"):
        getattr(library, name).argtypes = [ctypes.c_void_p] * 3
    return library
