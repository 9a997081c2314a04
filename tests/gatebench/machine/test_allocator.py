"""The allocator's settings, in a process of their own: they cannot be undone."""

import subprocess
import sys

import pytest

CODE = """
import platform
platform.libc_ver = lambda *_: ("{libc}", "2")
from gatebench.machine.allocator import keep_memory
print(keep_memory())
import torch
def kilobytes(what):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(what))
def train():
    for _ in range(15):
        torch.empty(10_000_000).fill_(1.0)
small = kilobytes("VmRSS")
train()
peak, kept = kilobytes("VmHWM"), kilobytes("VmRSS") - small
train()
print(kilobytes("VmHWM") - peak, kept)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(
    ("libc", "said"), [("glibc", "glibc keeps freed memory"), ("musl", "has its default settings")]
)
def test_keeps_what_was_freed_and_uses_it_again(libc: str, said: str) -> None:
    run = subprocess.run([sys.executable, "-c", CODE.format(libc=libc)], capture_output=True, text=True, check=True)
    sentence, numbers = run.stdout.splitlines()
    grown, kept = map(int, numbers.split())
    assert said in sentence
    assert grown < 10_000  # kB
    assert (kept > 30_000) == (libc == "glibc")  # of the 40 MB that each step takes
