"""Prints what the kernels of the backend `triton` need, compiled for GPUs that are not here: `make gpu-report`.

Usage: python -m tests.triton_report [CELL ...]. Without arguments it takes one cell of each kind.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from gatebench.errors import UserError
from gatebench.spec.cell import Cell
from launch.display.text_columns import align
from tests.triton_compile import ARCHITECTURES, Case, Resources, compiled
from tests.triton_cost import MULTIPROCESSORS, Prediction, predicted

CELLS = ("lstm", "gru", "rnn_tanh", "lstm_peephole", "lstm_fgr", "gru_before", "mut1", "slstm", "minlstm")
"""Cells with four, three and one matrix; peepholes; 16 matrices; two products in a row; a division; none."""

SIZES = (("float32", 64), ("float32", 128), ("bfloat16", 128))
"""The dtypes and the H of the report."""

KERNELS = ("forward", "backward")

RESOURCE_HEAD = ["cell", "kernel", "dtype", "H", "GPU", "weights", "registers", "shared KiB", "spills", "instructions"]
TIME_HEAD = ["cell", "dtype", "H", "GPU", "sequences", "forward µs", "backward µs", "busiest unit"]


def cases(cells: Sequence[str]) -> Iterator[Case]:
    """Yield the kernels of the report."""
    for cell in cells:
        for dtype, H in SIZES:
            for architecture in ARCHITECTURES:
                for kernel in KERNELS:
                    yield Case(cell, kernel, H, dtype, architecture)


def resource_rows(cells: Sequence[str]) -> list[list[str]]:
    """Return a line for each kernel: what it needs."""
    rows = []
    for case in cases(cells):
        found = compiled(case)
        rows.append(
            [
                case.cell,
                case.kernel,
                case.dtype,
                str(case.H),
                ARCHITECTURES[case.architecture],
                "on chip" if found.tile.on_chip else "in memory",
                str(found.registers),
                f"{found.shared / 1024:.0f}",
                str(found.spills),
                str(found.instructions.total()),
            ]
        )
    return rows


def time_rows(cells: Sequence[str]) -> list[list[str]]:
    """Return a line for each cell, dtype, H and GPU: the predicted time of a step."""
    rows = []
    for cell in cells:
        for dtype, H in SIZES:
            for architecture, gpu in ARCHITECTURES.items():
                both = [compiled(Case(cell, kernel, H, dtype, architecture)) for kernel in KERNELS]
                times = [predicted(found, architecture) for found in both]
                units = " / ".join(time.unit for time in times)
                rows.append([cell, dtype, str(H), gpu, sequences(both[0], architecture), *map(_span, times), units])
    return rows


def sequences(found: Resources, architecture: int) -> str:
    """Return for how many sequences the predicted time holds: one program on each multiprocessor."""
    return f"1 to {found.tile.rows * MULTIPROCESSORS[architecture].count}"


def _span(time: Prediction) -> str:
    return f"{time.least:.1f} to {time.most:.1f}"


def report(cells: Sequence[str]) -> str:
    """Return both tables as text."""
    resources = align([RESOURCE_HEAD, *resource_rows(cells)], "lllrllrrrr")
    times = align([TIME_HEAD, *time_rows(cells)], "llrllrrl")
    return "\n".join(
        [
            "What each kernel needs. instructions: of one step, per warp; spills: those for spilled registers.",
            resources,
            "",
            "PREDICTED time of one step, from these instructions and published rates and latencies. Not measured.",
            times,
        ]
    )


def main(argv: Sequence[str]) -> int:
    """Print the report for the named cells."""
    from gatebench import load_cell

    try:
        cells: list[Cell] = [load_cell(name) for name in argv or CELLS]
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    print(report([cell.name for cell in cells]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
