"""The allocator's settings, in a process of their own: they cannot be undone."""

import subprocess
import sys

import pytest

CODE = """
import platform
platform.libc_ver = lambda *_: ("{libc}", "2")
from gatebench.allocator import keep_memory
print(keep_memory())
import torch
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
for _ in range(15):
    torch.empty(10_000_000).fill_(1.0)
before = peak()
for _ in range(15):
    torch.empty(10_000_000).fill_(1.0)
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("libc", "said"), [("glibc", "glibc keeps freed memory"), ("musl", "left as it is")])
def test_says_what_it_did_and_memory_stays_in_bounds(libc: str, said: str) -> None:
    run = subprocess.run([sys.executable, "-c", CODE.format(libc=libc)], capture_output=True, text=True, check=True)
    sentence, grown = run.stdout.splitlines()
    assert said in sentence
    assert int(grown) < 10_000  # kB: what was freed is used again
