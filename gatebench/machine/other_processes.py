"""How much of the machine other processes take while something is measured: times on a busy machine mean little."""

from __future__ import annotations

import os
import time
from pathlib import Path

QUIET = 0.1
"""Cores that others may take: what an idle machine does beside."""

_STAT = Path("/proc/stat")
_BUSY = (0, 1, 2, 5, 6, 7)  # of its first line: user, nice, system, irq, softirq, steal


class OtherProcesses:
    """Watches from its making on. Child processes of this one count as its own once they have ended."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._busy, self._own = _busy(), _own()

    def cores(self) -> float | None:
        """Return how many cores others have taken on average since then; None where the system does not tell."""
        busy = _busy()
        if busy is None or self._busy is None:
            return None
        wall = max(time.monotonic() - self._start, 1e-9)
        return max(0.0, (busy - self._busy - (_own() - self._own)) / wall)


def _own() -> float:
    """Return the seconds of processor time of this process, and of its children that have ended."""
    return sum(os.times()[:4])


def _busy() -> float | None:
    """Return the seconds of processor time of all processes, or None where the system does not tell."""
    try:
        counts = _STAT.read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    return sum(int(counts[number]) for number in _BUSY) / os.sysconf("SC_CLK_TCK")
