"""How the C library hands out large blocks: kept for the next step instead of returned to the kernel after each.

A training step on long sequences allocates hundreds of megabytes. glibc takes such blocks from the kernel and gives
them back at once, so every step waits for the kernel to zero the same pages again: up to half of its time.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_NEVER = -1  # a threshold as large as can be


@cache
def keep_memory() -> str:
    """Let this process keep its freed memory for reuse, and return one sentence that says what was done.

    It costs memory that other processes cannot have until this one ends: at most its own peak so far, which it needs
    again at the next step. Call it once, early, in a process that trains; it cannot be undone.
    """
    if platform.libc_ver()[0] != "glibc":
        return "The allocator is left as it is: only glibc's can be tuned."
    libc = ctypes.CDLL(None)
    if not (libc.mallopt(_M_TRIM_THRESHOLD, _NEVER) and libc.mallopt(_M_MMAP_MAX, 0)):
        return "The allocator is left as it is: glibc refused the settings."
    return "glibc keeps freed memory for reuse (no mmap for large blocks, no trimming)."
