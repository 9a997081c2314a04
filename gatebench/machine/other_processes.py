"""The processor time that other processes use during a measurement. Times measured on a busy machine are unreliable."""

from __future__ import annotations

import os
import time
from pathlib import Path

QUIET = 0.1
"""The number of cores that other processes may use on an idle machine."""

_STAT = Path("/proc/stat")
_BUSY_COLUMNS = (0, 1, 2, 5, 6, 7)  # of its first line: user, nice, system, irq, softirq, steal


class OtherProcesses:
    """Measures the processor time of other processes from its creation on.

    Child processes of this process count as its own once they have ended.
    """

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._all, self._own = _all_seconds(), _own_seconds()

    def cores(self) -> float | None:
        """Return the mean number of cores that other processes used since the creation; None without /proc/stat."""
        now = _all_seconds()
        if now is None or self._all is None:
            return None
        wall = max(time.monotonic() - self._start, 1e-9)
        return max(0.0, (now - self._all - (_own_seconds() - self._own)) / wall)


def _own_seconds() -> float:
    """Return the processor time of this process and of its children that have ended, in seconds."""
    return sum(os.times()[:4])


def _all_seconds() -> float | None:
    """Return the processor time of all processes in seconds; None without /proc/stat."""
    try:
        counts = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    return sum(int(counts[column]) for column in _BUSY_COLUMNS) / os.sysconf("SC_CLK_TCK")
