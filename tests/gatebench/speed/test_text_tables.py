"""Rows as tables for people."""

from dataclasses import replace

from gatebench.speed.measure import Timing
from gatebench.speed.shape import Shape
from gatebench.speed.text_tables import LEGEND, SIDES, legend, notes, recording, results, summary
from gatebench.speed.timed_row import Ratio, TimedRow

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
WRONG = TimedRow("lstm", SHAPE, 2, "scan", verdict="differs", sentence="scan differs from the reference.")


def test_a_line_has_the_figures_of_a_row_and_a_short_one_every_further_ratio() -> None:
    sheet = results([TORCH, FUSED])
    head, torch, fused, more = sheet.lines
    assert head == ("contestant", "ms", "±", "×", "against", "of GEMM", "kept MB", "peak MB", "peak %")
    assert torch == ("torch", "3.00", "3%", "", "", "40%", "5.0", "", "")
    assert fused == ("fused", "2.00", "0%", "1.50", "torch", "60%", "3.0", "1.0", "25%")
    assert more == ("", "", "", "2.00", "torch plain", "", "", "", "")
    assert len(sheet.sides) == len(head)


def test_what_is_the_same_in_all_lines_is_told_once() -> None:
    assert results([TORCH, FUSED]).above == "cell lstm, T,B,I,H 4,3,2,5, threads 2"
    sheet = results([TORCH, replace(FUSED, shape=Shape(9, 9, 9, 9), threads=1)])
    assert sheet.above == "cell lstm"
    assert sheet.lines[0][:3] == ("T,B,I,H", "threads", "contestant")
    assert sheet.lines[3][:3] == ("", "", "")
    recorded = replace(FUSED, trace=True, recording=1.034)
    assert "gates" in results([FUSED, recorded]).lines[0]
    assert results([recorded]).above.endswith("gates recorded")
    assert "+3.4%" in results([recorded]).lines[1]


def test_where_there_is_no_time_there_is_a_word_and_a_sentence_below() -> None:
    assert results([TORCH, WRONG]).lines[2][:2] == ("scan", "differs")
    other = replace(WRONG, shape=Shape(1, 1, 1, 1))
    assert notes([TORCH, WRONG, other, other]) == ["lstm, scan, at 4,3,2,5; 1,1,1,1: scan differs from the reference."]


def test_a_busy_machine_is_told() -> None:
    (said,) = notes([replace(TORCH, others=0.7), replace(FUSED, others=0.7), replace(TORCH, threads=1, others=0.01)])
    assert said.startswith("Other processes took up to 0.7 cores meanwhile, and more than 0.1 in 1 of 2 contests")
    assert notes([replace(TORCH, others=0.02), FUSED]) == []


def test_the_legend_explains_what_is_there() -> None:
    assert set(LEGEND) <= set(SIDES)
    said = legend(results([TORCH]))
    assert [line.partition(":")[0] for line in said] == ["ms", "±", "of GEMM", "kept MB"]


def test_the_summary_is_over_several_shapes() -> None:
    assert summary([FUSED]) is None
    assert summary([]) is None
    far = replace(FUSED, shape=Shape(9, 9, 9, 9), ratios=(Ratio("torch", 6.0),))
    sheet = summary([FUSED, far])
    assert sheet is not None
    assert sheet.above == "cell lstm, threads 2"
    assert sheet.lines[0] == ("contestant", "against", "shapes", "mean", "least", "at", "greatest", "at")
    assert sheet.lines[1] == ("fused", "torch", "2", "3.00", "1.50", "4,3,2,5", "6.00", "9,9,9,9")


def test_what_recording_costs_is_in_percent() -> None:
    recorded = replace(FUSED, trace=True, recording=1.1)
    sheet = recording([recorded, replace(recorded, shape=Shape(9, 9, 9, 9))])
    assert sheet is not None
    assert sheet.lines == (
        ("contestant", "mean", "least", "at", "greatest", "at"),
        ("fused", "+10.0%", "+10.0%", "4,3,2,5", "+10.0%", "4,3,2,5"),
    )
    assert recording([FUSED]) is None
