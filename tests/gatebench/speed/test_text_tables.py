"""Rows as text tables."""

from dataclasses import replace

from gatebench.speed.shape import Shape
from gatebench.speed.text_tables import LEGEND, SIDES, legend, notes, recording_table, results_table, summary_table
from gatebench.speed.timed_row import Ratio, TimedRow
from gatebench.speed.timing import Timing

SHAPE = Shape(4, 3, 2, 5)
TORCH = TimedRow("lstm", SHAPE, 2, "torch", timing=Timing(0.003, 0.0029, 0.0031, 9), share=0.4, kept=5_000_000)
FUSED = TimedRow(
    "lstm",
    SHAPE,
    2,
    "fused",
    timing=Timing(0.002, 0.002, 0.002, 9),
    ratios=(Ratio("torch", 1.5, 0.25), Ratio("torch plain", 2.0)),
    share=0.6,
    kept=3_000_000,
    peak=1_000_000,
)
WRONG = TimedRow("lstm", SHAPE, 2, "scan", status="differs", message="scan differs from the reference.")


def test_a_row_is_a_line_and_a_further_ratio_a_short_line() -> None:
    table = results_table([TORCH, FUSED])
    head, torch, fused, more = table.lines
    assert head == ("candidate", "ms", "±", "×", "against", "of GEMM", "kept MB", "peak MB", "peak %")
    assert torch == ("torch", "3.00", "3%", "", "", "40%", "5.0", "", "")
    assert fused == ("fused", "2.00", "0%", "1.50", "torch", "60%", "3.0", "1.0", "25%")
    assert more == ("", "", "", "2.00", "torch plain", "", "", "", "")
    assert len(table.sides) == len(head)


def test_a_column_with_the_same_text_in_all_lines_is_printed_once() -> None:
    assert results_table([TORCH, FUSED]).above == "cell lstm, T,B,I,H 4,3,2,5, threads 2"
    table = results_table([TORCH, replace(FUSED, shape=Shape(9, 9, 9, 9), threads=1)])
    assert table.above == "cell lstm"
    assert table.lines[0][:3] == ("T,B,I,H", "threads", "candidate")
    assert table.lines[3][:3] == ("", "", "")
    recorded = replace(FUSED, trace=True, recording=1.034)
    assert "gates" in results_table([FUSED, recorded]).lines[0]
    assert results_table([recorded]).above.endswith("gates recorded")
    assert "+3.4%" in results_table([recorded]).lines[1]


def test_a_row_without_time_has_its_status_and_a_message_below() -> None:
    assert results_table([TORCH, WRONG]).lines[2][:2] == ("scan", "differs")
    other = replace(WRONG, shape=Shape(1, 1, 1, 1))
    assert notes([TORCH, WRONG, other, other]) == ["lstm, scan, at 4,3,2,5; 1,1,1,1: scan differs from the reference."]


def test_the_time_of_compilation_is_reported() -> None:
    compiled = [replace(TORCH, candidate="jax", compile_seconds=seconds) for seconds in (1.24, 0.5)]
    assert notes([FUSED, *compiled]) == [
        "The times of jax do not include compilation, which took 0.5 to 1.2 s for each shape."
    ]


def test_a_busy_machine_is_reported() -> None:
    (warning,) = notes(
        [replace(TORCH, other_cores=0.7), replace(FUSED, other_cores=0.7), replace(TORCH, threads=1, other_cores=0.01)]
    )
    assert warning.startswith("Other processes used up to 0.7 cores, and more than 0.1 in 1 of 2 benchmarks.")
    assert notes([replace(TORCH, other_cores=0.02), FUSED]) == []


def test_the_legend_explains_the_columns_of_the_table() -> None:
    assert set(LEGEND) <= set(SIDES)
    lines = legend(results_table([TORCH]))
    assert [line.partition(":")[0] for line in lines] == ["ms", "±", "of GEMM", "kept MB"]


def test_the_summary_is_over_several_shapes() -> None:
    assert summary_table([FUSED]) is None
    assert summary_table([]) is None
    far = replace(FUSED, shape=Shape(9, 9, 9, 9), ratios=(Ratio("torch", 6.0),))
    table = summary_table([FUSED, far])
    assert table is not None
    assert table.above == "cell lstm, threads 2"
    assert table.lines[0] == ("candidate", "against", "shapes", "mean", "least", "at", "greatest", "at")
    assert table.lines[1] == ("fused", "torch", "2", "3.00", "1.50", "4,3,2,5", "6.00", "9,9,9,9")


def test_the_time_added_by_recording_is_in_percent() -> None:
    recorded = replace(FUSED, trace=True, recording=1.1)
    table = recording_table([recorded, replace(recorded, shape=Shape(9, 9, 9, 9))])
    assert table is not None
    assert table.lines == (
        ("candidate", "mean", "least", "at", "greatest", "at"),
        ("fused", "+10.0%", "+10.0%", "4,3,2,5", "+10.0%", "4,3,2,5"),
    )
    assert recording_table([FUSED]) is None
