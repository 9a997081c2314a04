"""The actions of signals in the operating system, which a C++ library can replace without Python's knowledge."""

import ctypes
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_ACTION_BYTES = 1024  # more than the size of a `struct sigaction` on any system


@contextmanager
def kept_action(number: signal.Signals) -> Iterator[None]:
    """Restore the action of a signal at the end of the block. Unlike `signal.signal`, this works in every thread."""
    system = ctypes.CDLL(None, use_errno=True)
    action = ctypes.create_string_buffer(_ACTION_BYTES)
    system.sigaction(int(number), None, action)
    try:
        yield
    finally:
        system.sigaction(int(number), action, None)
