"""How the C library hands out large blocks: kept for the next step instead of returned to the kernel after each.

A training step on long sequences allocates hundreds of megabytes. glibc takes such blocks from the kernel and gives
them back at once, so every step waits for the kernel to zero the same pages again: up to half of its time. Pages of
2 MB instead of 4 kB spare the processor the search for most of their addresses.
"""

from __future__ import annotations

import ctypes
import mmap
import platform
from functools import cache

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = -1, -3, -4  # malloc.h
_LARGEST = 2**31 - 1  # mallopt takes an int
_AHEAD = 7 * 2**28  # bytes of address space asked for ahead: less than what glibc would trim


@cache
def keep_memory() -> str:
    """Let this process keep its freed memory for reuse, and return one sentence that says what was done.

    It costs memory that other processes cannot have until this one ends: at most its own peak so far, which it needs
    again at the next step. Call it once, early, in a process that trains; it cannot be undone.
    """
    if platform.libc_ver()[0] != "glibc":
        return "The allocator is left as it is: only glibc's can be tuned."
    libc = ctypes.CDLL(None)
    settings = {_M_MMAP_MAX: 0, _M_MMAP_THRESHOLD: _LARGEST, _M_TRIM_THRESHOLD: _LARGEST}
    if not all(libc.mallopt(setting, value) for setting, value in settings.items()):
        return "The allocator is left as it is: glibc refused the settings."
    pages = "large pages" if _ask_for_large_pages(libc) else "pages of the usual size"
    return f"glibc keeps freed memory for reuse (no mmap for large blocks, no trimming), in {pages}."


def _ask_for_large_pages(libc: ctypes.CDLL) -> bool:
    """Let the heap grow before it is used, and ask the kernel for large pages there; return whether it agreed.

    No memory is taken: a page comes when it is first written.
    """
    advice: int | None = getattr(mmap, "MADV_HUGEPAGE", None)
    if advice is None:
        return False
    libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    address: int | None = libc.malloc(_AHEAD)
    if address is None:
        return False
    first = -(-address // mmap.PAGESIZE) * mmap.PAGESIZE
    whole = (address + _AHEAD - first) // mmap.PAGESIZE * mmap.PAGESIZE
    agreed: int = libc.madvise(first, whole, advice)
    libc.free(address)
    return agreed == 0
