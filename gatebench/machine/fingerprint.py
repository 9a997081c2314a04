"""A fingerprint of everything on this machine that decides whether a trial is refused.

A refusal holds as long as the fingerprint is the same: the same trial would be refused again for the same reason.
"""

import os
from functools import cache
from pathlib import Path

from gatebench.machine.c_compiler import compiler
from gatebench.machine.facts import package_version

REFUSED_ON = "refused_on"
"""The fact of a refused outcome with the fingerprint."""

GPUS = Path("/proc/driver/nvidia/gpus")
"""The folder in which NVIDIA's driver lists the GPUs of the machine."""


@cache
def fingerprint() -> str:
    """Return the versions of gatebench and torch, the cores, the memory, the GPUs and the C compiler, in one line."""
    cores, gpus = os.cpu_count(), _gpus()
    parts = [f"{package} {package_version(package)}" for package in ("gatebench", "torch")]
    return ", ".join([*parts, f"{cores} cores", f"{_memory()} GiB", f"{gpus} GPUs", _compiler()])


def _memory() -> int:
    """Return the memory of the machine in GiB."""
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30)


def _gpus() -> str:
    """Return the number of GPUs, and which of them a process may use if that is limited."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = len(list(GPUS.iterdir())) if GPUS.is_dir() else 0
    return str(count) if visible is None else f"{count} (visible: {visible or 'none'})"


def _compiler() -> str:
    found = compiler()
    return "no C compiler" if found is None else f"{' '.join(found.command)} {found.identity[:8]}"
