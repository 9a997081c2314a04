"""The table of simulated numbers of threads."""

from gatebench.speed.benchmark import Benchmark, candidates
from gatebench.speed.shape import Shape
from gatebench.speed.simulated_threads import simulated_table, simulations
from gatebench.speed.timed_row import TimedRow
from gatebench.speed.timing import Timing

CELL = {"base": "lstm"}
SHAPE = Shape(100, 64, 40, 128)
BENCHMARK = Benchmark(CELL, SHAPE, candidates(CELL, ["fused"], [], [False]))


def row(threads: int, seconds: float) -> TimedRow:
    return TimedRow("lstm", SHAPE, threads, "fused", timing=Timing(seconds, seconds, seconds, 5))


def test_the_serial_part_comes_from_the_measured_times() -> None:
    eight, many = simulations([BENCHMARK], [row(1, 0.040), row(2, 0.024)], [8, 32])
    assert eight.serial is not None
    assert abs(eight.serial - 0.2) < 0.02
    assert eight.split.sequences == 1 / 8
    assert many.split.sequences == 1 / 32
    table = simulated_table([eight, many])
    assert table.lines[1][:4] == ("lstm", "100,64,40,128", "8", "12.5%")
    assert len(table.sides) == len(table.lines[0])


def test_without_two_times_there_is_no_serial_part_and_without_fused_no_line() -> None:
    (one,) = simulations([BENCHMARK], [row(1, 0.040)], [8])
    assert one.serial is None
    assert one.line[-2:] == ("", "")
    assert simulations([BENCHMARK], [], [8]) == []
