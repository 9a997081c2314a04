"""The memory allocator of the C library: whether it keeps freed memory for the next training step.

A training step on long sequences allocates hundreds of megabytes. By default glibc requests such blocks from the kernel
and returns them at once. The kernel then sets the same pages to zero in every step, which takes up to half of the
step's time.
"""

from __future__ import annotations

import ctypes
import platform
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_NEVER = -1  # the largest threshold


@cache
def keep_memory() -> str:
    """Make this process keep its freed memory for reuse, and return a sentence that describes the setting.

    Call it once, early, in a process that trains. It cannot be undone. The process holds at most the memory of its own
    peak so far, which other processes cannot use until it ends.
    """
    if platform.libc_ver()[0] != "glibc":
        return "The allocator has its default settings: only glibc's can be changed."
    libc = ctypes.CDLL(None)
    if not (libc.mallopt(_M_TRIM_THRESHOLD, _NEVER) and libc.mallopt(_M_MMAP_MAX, 0)):
        return "The allocator has its default settings: glibc refused the new ones."
    return "glibc keeps freed memory for reuse (no mmap for large blocks, no trimming)."
