"""The tiles of a processor with AMX: whether compiled code may use them.

Linux lets a process use them after it has asked once. Its threads and its forks inherit the permission.
"""

from __future__ import annotations

from functools import cache

from gatebench.machine.c_compiler import load

_TEXT = """\
#if defined(__linux__) && defined(__AMX_TILE__) && defined(__AMX_BF16__) && defined(__AVX512BF16__)
#include <sys/syscall.h>
#include <unistd.h>
enum { ASK_PERMISSION = 0x1023, TILES = 18 }; /* ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA */
int allowed(void) { return syscall(SYS_arch_prctl, ASK_PERMISSION, TILES) == 0; }
#else
int allowed(void) { return 0; }
#endif
"""


@cache
def has_tiles() -> bool:
    """Return whether code of the C compiler can multiply tiles of bfloat16 in this process. It asks for the permission.

    It is False if the processor, the compiler or the system has no AMX, or if the system refuses the permission.

    Raises:
        Refusal: there is no compiler, or it fails.
    """
    return bool(load(_TEXT, "amx").allowed())
