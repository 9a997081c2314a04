"""Predicts the time of a step of the backend `triton` from the instructions of its compiled kernels.

It is a prediction, not a measurement. Each instruction takes a unit of the GPU for some cycles; the busiest unit gives
the least time of a step, `least`. A step waits for the step before, so the latencies of barriers and of functions in a
row add up; `most` is the sum of both, without any overlap. A program has a multiprocessor for itself. Numbers that
several threads load from one address of shared memory are counted for each of them, which is too much.

Sources of the figures: CUDA C++ Programming Guide, the tables of arithmetic throughput by compute capability (results
a cycle and multiprocessor) and of shared memory (32 banks of 4 bytes); NVIDIA's data sheets (multiprocessors, boost
clock); Abdelkhalik et al. 2022, arXiv 2208.11174, and Luo et al. 2024, arXiv 2402.13499 (latencies in cycles).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from tests.triton_compile import Resources

_WARP = 32  # threads
_SCHEDULERS = 4  # of a multiprocessor; each issues an instruction a cycle


@dataclass(frozen=True)
class Multiprocessor:
    """One multiprocessor of a GPU.

    Attributes:
        count: multiprocessors of the GPU.
        clock: GHz.
        rates: results a cycle by unit: float32, integers, special functions; multiply-adds of the tensor cores.
        shared: bytes a cycle of shared memory.
        cache: bytes a cycle of the second-level cache, of one multiprocessor.
        barrier: cycles from a store to shared memory, over a barrier, to the loaded value.
        special: cycles until the result of an exponential and a division is there.
    """

    count: int
    clock: float
    rates: Mapping[str, int]
    shared: int
    cache: int
    barrier: int
    special: int


MULTIPROCESSORS = {
    80: Multiprocessor(
        108, 1.41, {"float32": 64, "integer": 64, "special": 16, "tensor": 1024}, 128, 64, 19 + 23 + 20, 150
    ),
    90: Multiprocessor(
        132, 1.755, {"float32": 128, "integer": 64, "special": 16, "tensor": 1024}, 128, 64, 19 + 29 + 20, 150
    ),
}
"""By compute capability without the dot: A100 SXM and H100. The tensor cores of an H100 are faster only with
instructions that need tiles of 64 rows. 20 cycles of a barrier itself, and 150 of the functions, are estimates."""

_UNITS = {
    "float32": ("FFMA", "FADD", "FMUL", "FSEL", "FSETP", "FMNMX", "IMAD", "FCHK"),
    "integer": ("IADD3", "LOP3", "SHF", "ISETP", "SEL", "LEA", "PRMT", "VIADD", "F2FP"),
    "special": ("MUFU",),
}

_BYTES = {"128": 16, "64": 8, "U8": 1, "U16": 2}

_ACTIVATIONS_IN_A_ROW = 2  # tanh(c) follows the gates


@dataclass(frozen=True)
class Prediction:
    """The predicted time of one step of a kernel, in µs, for batches that give every multiprocessor one program.

    Attributes:
        least: the busiest unit's time.
        most: with all latencies, and without any overlap.
        unit: the name of the busiest unit.
    """

    least: float
    most: float
    unit: str


def predicted(resources: Resources, architecture: int) -> Prediction:
    """Return the predicted time of a step."""
    gpu = MULTIPROCESSORS[architecture]
    cycles = busy_cycles(resources.instructions, resources.tile.warps, gpu)
    unit = max(cycles, key=lambda each: cycles[each])
    waits = sum(count for name, count in resources.instructions.items() if name.startswith("BAR"))
    latency = waits * gpu.barrier + _ACTIVATIONS_IN_A_ROW * gpu.special
    return Prediction(cycles[unit] / gpu.clock / 1e3, (cycles[unit] + latency) / gpu.clock / 1e3, unit)


def busy_cycles(instructions: Counter[str], warps: int, gpu: Multiprocessor) -> dict[str, float]:
    """Return for how many cycles of a step each unit of a multiprocessor is busy.

    Args:
        instructions: by kind, of one warp.
        warps: warps of the program.
        gpu: the multiprocessor.
    """
    cycles = {"issue": instructions.total() * warps / min(warps, _SCHEDULERS)}
    for unit, kinds in _UNITS.items():
        many = sum(count for name, count in instructions.items() if name.split(".")[0] in kinds)
        cycles[unit] = many * warps * _WARP / gpu.rates[unit]
    multiply_adds = sum(count * _multiply_adds(name) for name, count in instructions.items())
    cycles["tensor"] = multiply_adds * warps / gpu.rates["tensor"]
    exchanged = sum(count * _shared_bytes(name) for name, count in instructions.items())
    cycles["shared"] = exchanged * warps * _WARP / gpu.shared
    loaded = sum(count * _cached_bytes(name) for name, count in instructions.items())
    cycles["cache"] = loaded * warps * _WARP / gpu.cache
    return cycles


def _multiply_adds(name: str) -> int:
    """Return the multiply-adds of an instruction of a tensor core: "HMMA.16816.F32.BF16" has 16 · 8 · 16."""
    found = re.match(r"HMMA\.(\d{2})(\d)(\d+)", name)
    return int(found[1]) * int(found[2]) * int(found[3]) if found else 0


def _shared_bytes(name: str) -> float:
    """Return the bytes that a thread moves to or from shared memory: 4 without a width in the instruction's name."""
    kind, *details = name.split(".")
    if kind == "LDSM":  # matrices of 8 · 8 numbers of 16 bits
        matrices = details[-1] if details[-1].isdigit() else "1"
        return 8 * 8 * 2 * int(matrices) / _WARP
    return _width(details) if kind in ("LDS", "STS", "LDGSTS") else 0


def _cached_bytes(name: str) -> int:
    """Return the bytes that a thread moves between the second-level cache and the multiprocessor."""
    kind, *details = name.split(".")
    return _width(details) if kind in ("LDG", "STG", "LDGSTS") else 0


def _width(details: list[str]) -> int:
    return next((_BYTES[detail] for detail in details if detail in _BYTES), 4)
