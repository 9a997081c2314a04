"""What the kernels need of the machine: Triton, a CUDA device of a recent kind, and its shared memory."""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec

import torch

LEAST_CAPABILITY = (8, 0)
"""The oldest compute capability that the kernels are compiled and checked for: that of the A100."""

KNOWN_SHARED_BYTES = {80: 163 * 1024, 90: 227 * 1024}
"""The shared memory of a thread block at most, by compute capability without the dot: CUDA C++ Programming Guide,
table "Technical Specifications per Compute Capability"."""

_INTERPRETED = KNOWN_SHARED_BYTES[90]  # the interpreter has no limit; it takes that of an H100


@cache
def is_installed() -> bool:
    """Return whether Triton can be imported. torch's wheels for Linux bring it, those for macOS do not."""
    return find_spec("triton") is not None


def is_interpreted() -> bool:
    """Return whether Triton runs kernels in its interpreter, on the CPU: TRITON_INTERPRET=1 when it is imported."""
    if not os.environ.get("TRITON_INTERPRET") or not is_installed():
        return False
    from triton import knobs

    return bool(knobs.runtime.interpret)


def device_trouble(device: str) -> str | None:
    """Return why kernels cannot run on a type of device here, as one sentence, or None.

    Args:
        device: the type of a torch device, such as "cuda".
    """
    if device == "cpu" and is_interpreted():
        return None
    if device != "cuda":
        return f"triton runs on a CUDA device, not on {device}."
    if not torch.cuda.is_available():
        return "triton finds no CUDA device here."
    if not is_installed():
        return "triton is not installed here; torch's wheels for Linux bring it."
    if torch.version.hip is not None:
        return "triton is generated for CUDA devices; this torch is built for ROCm."
    found = torch.cuda.get_device_capability()
    if found < LEAST_CAPABILITY:
        return f"triton needs a device of compute capability 8.0 or newer; this one has {found[0]}.{found[1]}."
    return None


def shared_memory(device: str) -> int:
    """Return how many bytes of shared memory a thread block may have."""
    if device != "cuda":
        return _INTERPRETED
    return int(torch.cuda.get_device_properties().shared_memory_per_block_optin)  # type: ignore[attr-defined]
