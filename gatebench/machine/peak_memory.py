"""How much memory one step needs: the growth of this process's peak resident set. Linux tells it."""

from __future__ import annotations

import ctypes
import gc
import platform
from collections.abc import Callable
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def trouble() -> str | None:
    """Return why this cannot be measured here, as one sentence, or None where it can."""
    try:
        _reset()
        _kilobytes("VmHWM")
    except (OSError, ValueError) as error:
        return f"The peak of the resident set cannot be measured here ({error}); it needs Linux, else say memory=false."
    return None


def step_peak(warm: Callable[[], object], step: Callable[[], object]) -> int:
    """Return by how many bytes the peak of the resident set exceeds what was resident before a step.

    Args:
        warm: a small step of the same kind: what loads code and starts threads is not counted.
        step: the step.
    """
    warm()
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)  # what was freed before must not serve the step
    _reset()
    before = _kilobytes("VmRSS")
    step()
    return max(0, _kilobytes("VmHWM") - before) * 1024


def _reset() -> None:
    """Let the peak begin anew, at what is resident now."""
    _RESET.write_text("5", encoding="ascii")


def _kilobytes(name: str) -> int:
    for line in _STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ValueError(f"no {name} in {_STATUS}")
