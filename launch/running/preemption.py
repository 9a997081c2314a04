"""SIGTERM to a worker: the machine will be taken away. The running trial is to save a checkpoint and to stop."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Timer, current_thread, main_thread
from types import FrameType

LEAVE_SECONDS = 1.0
"""The time between the end of a block of `preemption` and the end of the process, if it has received SIGTERM."""

_received = Event()


def is_preempted() -> bool:
    """Return whether this process has received SIGTERM in a block of `preemption`."""
    return _received.is_set()


@contextmanager
def preemption() -> Iterator[None]:
    """Note a SIGTERM in the block. After the block, the process that received one ends."""
    if current_thread() is not main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
        if _received.is_set():
            leave = Timer(LEAVE_SECONDS, os.kill, (os.getpid(), signal.SIGTERM))
            leave.daemon = True
            leave.start()


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    del number, frame
    _received.set()
