"""The memory that one step needs: the growth of this process's peak resident set. It is measured on Linux only."""

from __future__ import annotations

import ctypes
import gc
import platform
from collections.abc import Callable
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def unavailable_reason() -> str | None:
    """Return why the peak memory cannot be measured on this machine, as a message; None if it can."""
    try:
        _reset_peak()
        _kilobytes("VmHWM")
    except (OSError, ValueError) as error:
        return (
            f"The peak of the resident set cannot be measured on this machine ({error}). It needs Linux; "
            "set memory=false."
        )
    return None


def step_peak(warm: Callable[[], object], step: Callable[[], object]) -> int:
    """Return the difference between the peak of the resident set during a step and its size before, in bytes.

    Args:
        warm: a small step of the same kind. It runs first, so that loading code and starting threads do not count.
        step: the step to measure.
    """
    warm()
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)  # the step must not reuse memory that was freed before
    _reset_peak()
    before = _kilobytes("VmRSS")
    step()
    return max(0, _kilobytes("VmHWM") - before) * 1024


def _reset_peak() -> None:
    """Set the recorded peak to the present size of the resident set."""
    _RESET.write_text("5", encoding="ascii")


def _kilobytes(name: str) -> int:
    for line in _STATUS.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1])
    raise ValueError(f"no {name} in {_STATUS}")
