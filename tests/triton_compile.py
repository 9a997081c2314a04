"""Compiles the kernels of the backend `triton` for a GPU, on a machine without one, and reads what they need.

Triton's wheel brings ptxas, cuobjdump and nvdisasm. Nothing here is run on a GPU.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from gatebench import load_cell
from gatebench.backends.triton.device import KNOWN_SHARED_BYTES
from gatebench.backends.triton.emit import backward, forward
from gatebench.backends.triton.emit.plan import plan
from gatebench.backends.triton.kernels import load_kernels
from gatebench.backends.triton.launch import WIDE_STREAMS, compile_options, compiled_constants
from gatebench.backends.triton.tiles import Tile, tile

ARCHITECTURES = {80: "A100", 90: "H100"}
"""The compute capabilities that the kernels are compiled for, without the dot, and a GPU that has it."""

INPUTS = 16
"""I of the compiled kernels; it counts only for cells with a value of that width in the time loop."""

_TYPES = {"float32": "fp32", "tf32": "fp32", "bfloat16": "bf16"}
_INSTRUCTION = re.compile(r"/\*([0-9a-f]{4,})\*/\s+(?:@!?U?P\d\s+)?([A-Z][A-Z0-9_.]*)\s*([^;]*);")
_LABEL = re.compile(r"\s*(\.L_x_\d+):")
_TARGET = re.compile(r"`\((\.L_x_\d+)\)")


@dataclass(frozen=True)
class Case:
    """One kernel to compile.

    Attributes:
        cell: the name of the cell.
        kernel: "forward" or "backward".
        H: hidden units.
        dtype: "float32", "tf32" or "bfloat16".
        architecture: a key of `ARCHITECTURES`.
    """

    cell: str
    kernel: str
    H: int
    dtype: str
    architecture: int


@dataclass(frozen=True)
class Resources:
    """What a compiled kernel needs.

    Attributes:
        tile: how its launch is cut.
        registers: of a thread.
        shared: bytes of shared memory of a program, known at the launch.
        stack: bytes of local memory of a thread: registers that did not fit somewhere in the kernel.
        instructions: by kind, the instructions of one step, per warp.
    """

    tile: Tile
    registers: int
    shared: int
    stack: int
    instructions: Counter[str]

    @property
    def spills(self) -> int:
        """How many instructions of a step move spilled registers to and from local memory."""
        return sum(count for name, count in self.instructions.items() if name.startswith(("LDL", "STL")))


@cache
def compiled(case: Case) -> Resources:
    """Compile a kernel and return what it needs."""
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    definitions = load_cell(case.cell).definitions
    I = case.H if definitions.square else INPUTS  # noqa: E741
    cut = tile(plan(definitions), case.dtype, I, case.H, KNOWN_SHARED_BYTES[case.architecture])
    kernels = load_kernels(definitions, cut.on_chip)
    function = getattr(kernels, case.kernel)
    addresses = {"forward": forward, "backward": backward}[case.kernel].arguments(kernels.plan)
    constants = compiled_constants(kernels.plan, cut, I, case.H) | {
        "LENGTHS": False,
        "PRECISION": "tf32" if case.dtype == "tf32" else "ieee",
    }
    if case.kernel == "forward":
        constants |= {"KEEP": True, "TRACED": not cut.on_chip}
    signature = {name: _type(name, case.dtype) for name in addresses} | {"T": "i32", "B": "i32"}
    signature |= dict.fromkeys(constants, "constexpr")
    positions = {(i,): [["tt.divisibility", 16]] for i, name in enumerate(function.arg_names) if name in addresses}
    source = ASTSource(function, {name: signature[name] for name in function.arg_names}, constants, positions)
    target = GPUTarget("cuda", case.architecture, 32)
    binary = triton.compile(source, target=target, options=compile_options(cut))
    registers, stack = _usage(binary.asm["cubin"])
    trips = -(-case.H // cut.block_h)
    loop = loop_instructions(_tool("nvdisasm", binary.asm["cubin"], "-c"), trips)
    return Resources(cut, registers, binary.metadata.shared, stack, loop)


def _type(name: str, dtype: str) -> str:
    if name == "lengths":
        return "*i64"
    return "*fp32" if name in (*WIDE_STREAMS, "final") else f"*{_TYPES[dtype]}"


def _tool(name: str, cubin: bytes, *options: str) -> str:
    """Return what a tool of Triton's wheel prints about a compiled kernel."""
    import triton

    program = Path(triton.__file__).parent / "backends" / "nvidia" / "bin" / name
    with TemporaryDirectory() as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        return subprocess.run([program, *options, path], capture_output=True, text=True, check=True).stdout


def _usage(cubin: bytes) -> tuple[int, int]:
    """Return the registers of a thread, and its bytes of local memory."""
    found = re.search(r"REG:(\d+) STACK:(\d+) .*?LOCAL:(\d+)", _tool("cuobjdump", cubin, "-res-usage"))
    assert found is not None
    registers, stack, local = map(int, found.groups())
    return registers, stack + local


def loop_instructions(assembly: str, trips: int = 1) -> Counter[str]:
    """Return how many instructions of each kind one step executes, per warp.

    The time loop is the largest loop of a kernel. The loops in it are products with a matrix in memory; their
    instructions count as often as they run. Instructions that a branch skips are counted as well.

    Args:
        assembly: of one kernel, as nvdisasm prints it: labels as ".L_x_1:", instructions with their address in /* */.
        trips: how often an inner loop runs.
    """
    labels: dict[str, int] = {}
    instructions: list[str] = []
    loops: list[tuple[int, int]] = []
    for line in assembly.splitlines():
        if label := _LABEL.match(line):
            labels[label[1]] = len(instructions)
        elif found := _INSTRUCTION.search(line):
            target = _TARGET.search(found[3])
            instructions.append(found[2])
            if found[2].startswith("BRA") and target and target[1] in labels:
                loops.append((labels[target[1]], len(instructions)))
    if not loops:
        return Counter()
    begin, end = max(loops, key=lambda loop: loop[1] - loop[0])
    counts = Counter(instructions[begin:end])
    for first, last in loops:
        if begin < first and last < end:
            for instruction in instructions[first:last]:
                counts[instruction] += trips - 1
    return counts
