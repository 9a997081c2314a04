"""Ctrl-C and SIGTERM in a process that runs trials: `StopRequest` for a single trial, `Interrupts` for a sweep."""

import signal
import time
from threading import current_thread, main_thread
from types import FrameType, TracebackType
from typing import Any, Self

from launch.running.mailbox import Order

STOP_SECONDS = 20.0
"""The time in which running trials save a checkpoint and stop. After it, their processes are killed."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _NotedSignals:
    """A context manager that passes Ctrl-C and SIGTERM to `_note` inside the block; only in the main thread."""

    def __init__(self) -> None:
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if current_thread() is main_thread():
            for number in _SIGNALS:
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        raise NotImplementedError


class StopRequest(_NotedSignals):
    """A context manager that notes the first signal of this process. The second one raises `KeyboardInterrupt`.

    Attributes:
        requested: whether a signal has come.
    """

    def __init__(self) -> None:
        super().__init__()
        self.requested = False

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True


class Interrupts(_NotedSignals):
    """A context manager that notes the signals of this process instead of raising `KeyboardInterrupt`.

    The first Ctrl-C orders to begin no new trial. The second one, or SIGTERM, orders the running trials to stop. The
    third Ctrl-C kills them.

    Attributes:
        order: the order for the workers.
        deadline: the time on `time.monotonic` at which the running trials are killed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.order: Order = "run"
        self.deadline = float("inf")

    @property
    def overdue(self) -> bool:
        """Whether the running trials are to be killed now."""
        return time.monotonic() >= self.deadline

    def sentence(self, running: int) -> str:
        """Return the sentence that tells the user what happens next.

        Args:
            running: the number of running trials.
        """
        trials = f"{running} trial{'s are' if running != 1 else ' is'}"
        if self.order == "drain":
            return (
                f"No new trial begins. {trials} running; press Ctrl-C again to stop {'them' if running != 1 else 'it'}."
            )
        return f"{trials} stopping after a checkpoint; at most {STOP_SECONDS:g} seconds, or press Ctrl-C again."

    def _note(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.order == "stop" and number == signal.SIGINT:
            self.deadline = 0.0
        elif self.order == "drain" or number == signal.SIGTERM:
            self.order = "stop"
            self.deadline = min(self.deadline, time.monotonic() + STOP_SECONDS)
        else:
            self.order = "drain"
