"""The speed of a step on more threads than this machine has, simulated from the division of the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gatebench.cells import build_cell
from gatebench.speed.benchmark import Benchmark
from gatebench.speed.shape import Shape
from gatebench.speed.text_tables import TextTable
from gatebench.speed.timed_row import TimedRow
from gatebench.speed.work_split import WorkSplit, serial_part, work_split

DIVIDED = "fused"
"""The backend whose division of the work is simulated."""

_HEADS = ("cell", "T,B,I,H", "threads", "sequences", "gradients", "split ×", "serial", "together ×")


@dataclass(frozen=True)
class Simulation:
    """A step on some number of threads, simulated.

    Attributes:
        cell: the name of the cell.
        shape: the sizes.
        split: the division of the work.
        serial: the part of the time of one thread that is not divided, from two measured times; None without them.
    """

    cell: str
    shape: Shape
    split: WorkSplit
    serial: float | None

    @property
    def line(self) -> tuple[str, ...]:
        """The texts of the line in the table."""
        split, serial = self.split, self.serial
        return (
            self.cell,
            str(self.shape),
            str(split.threads),
            f"{split.sequences:.1%}",
            f"{split.gradients:.1%}",
            f"{split.speed(0.0):.1f}",
            "" if serial is None else f"{serial:.1%}",
            "" if serial is None else f"{split.speed(serial):.1f}",
        )


def simulations(benchmarks: Iterable[Benchmark], rows: Sequence[TimedRow], threads: Sequence[int]) -> list[Simulation]:
    """Return a simulation for each benchmark that times the backend `fused`, and each number of threads.

    Args:
        benchmarks: the benchmarks.
        rows: the rows that were measured. With times of `fused` on one thread and on more, the serial part is known.
        threads: the numbers of threads.
    """
    found = []
    for benchmark in benchmarks:
        cell = build_cell(benchmark.cell)
        own = [row for row in rows if (row.cell, row.shape, row.candidate) == (cell.name, benchmark.shape, DIVIDED)]
        times = {row.threads: row.timing.median for row in own if row.timing is not None and not row.trace}
        if not own:
            continue
        serial = None
        if 1 in times and (several := max(times)) > 1:
            serial = serial_part(times[1], times[several], work_split(cell, benchmark.shape, several))
        splits = [work_split(cell, benchmark.shape, count) for count in threads]
        found += [Simulation(cell.name, benchmark.shape, split, serial) for split in splits]
    return found


def simulated_table(found: Sequence[Simulation]) -> TextTable:
    """Return simulations as a table."""
    return TextTable("", (_HEADS, *(one.line for one in found)), "llrrrrrr")
