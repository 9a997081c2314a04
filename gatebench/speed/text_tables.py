"""The rows of a speed run as text tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatebench.machine.other_processes import QUIET
from gatebench.speed.summary import Summary, recordings, speeds
from gatebench.speed.timed_row import TimedRow

Line = Mapping[str, str]
"""The texts of one line, by the head of their column. A missing text is left empty."""

SIDES = {
    "cell": "l",
    "T,B,I,H": "l",
    "threads": "r",
    "candidate": "l",
    "gates": "l",
    "ms": "r",
    "±": "r",
    "recording": "r",
    "×": "r",
    "against": "l",
    "of GEMM": "r",
    "kept MB": "r",
    "peak MB": "r",
    "peak %": "r",
}
"""The columns of the table of results, and the side on which their texts are aligned: "l" left, "r" right."""

SUMMARY_SIDES = {
    "cell": "l",
    "candidate": "l",
    "gates": "l",
    "against": "l",
    "threads": "r",
    "shapes": "r",
    "mean": "r",
    "least": "r",
    "at": "l",
    "greatest": "r",
    "at ": "l",
}
"""The same for the summaries. Both columns "at" are printed without the space that tells them apart here."""

COMMON = ("cell", "T,B,I,H", "threads", "gates", "shapes")
"""The columns that are printed above the table if all lines have the same text in them."""

NOT_RECORDED = "–"
"""The text of the column "gates" where gates are not recorded."""

LEGEND = {
    "ms": "median time of a training step: forward, and backward to the input and all weights; in float32 if the "
    "candidate has no other precision in its name",
    "±": "half the interquartile range, in percent of the median",
    "gates": "whether the values of the gates are recorded at all time steps",
    "recording": "time added by recording the gates",
    "×": "how many times as fast as the baseline in the column against",
    "of GEMM": "FLOP/s of the matrix products, in percent of the GEMM peak",
    "kept MB": "memory that autograd keeps between forward and backward",
    "peak MB": "growth of the peak resident set in one training step, in a fresh process",
    "peak %": "peak MB, in percent of the baseline's",
}
"""The meanings of the columns of the table of results."""


@dataclass(frozen=True)
class TextTable:
    """A table as texts.

    Attributes:
        above: a line that holds for the whole table; "" for none.
        lines: the texts of each line; the first line has the heads of the columns.
        sides: the side on which each column is aligned, one character a column: "l" left, "r" right.
    """

    above: str
    lines: tuple[tuple[str, ...], ...]
    sides: str


def results_table(rows: Sequence[TimedRow]) -> TextTable:
    """Return all rows as a table: a line for each row, and a short line for each further baseline of a row."""
    return _table([line for row in rows for line in _lines(row)], SIDES)


def summary_table(rows: Sequence[TimedRow]) -> TextTable | None:
    """Return how many times as fast each candidate is over all shapes; None if none was timed at several shapes."""
    summaries = speeds(rows)
    lines = [_summary_line(s, "{:.2f}", s.mean, s.least, s.greatest) for s in summaries]
    return _table(lines, SUMMARY_SIDES) if any(s.shapes > 1 for s in summaries) else None


def recording_table(rows: Sequence[TimedRow]) -> TextTable | None:
    """Return the time added by recording the gates over all shapes; None if it was not measured at several shapes."""
    summaries = recordings(rows)
    lines = [
        dict(_summary_line(s, "{:+.1%}", s.mean - 1, s.least - 1, s.greatest - 1), against="", gates=NOT_RECORDED)
        for s in summaries
    ]
    return _table(lines, SUMMARY_SIDES) if any(s.shapes > 1 for s in summaries) else None


def notes(rows: Sequence[TimedRow]) -> list[str]:
    """Return the messages of the rows, one a line, the compile times, and a warning if the machine was busy."""
    shapes_by_message: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.message:
            shapes_by_message.setdefault((row.cell, row.candidate, row.message), []).append(str(row.shape))
    lines = [
        f"{cell}, {candidate}, at {'; '.join(dict.fromkeys(shapes))}: {message}"
        for (cell, candidate, message), shapes in shapes_by_message.items()
    ]
    compile_times = [row.compile_seconds for row in rows if row.compile_seconds is not None]
    if compile_times:
        names = ", ".join(dict.fromkeys(row.candidate for row in rows if row.compile_seconds is not None))
        lines.append(
            f"The times of {names} do not include compilation, which took {min(compile_times):.1f} to "
            f"{max(compile_times):.1f} s for each shape."
        )
    other_cores = {(row.cell, row.shape, row.threads): row.other_cores or 0.0 for row in rows}
    disturbed = sum(cores > QUIET for cores in other_cores.values())
    if disturbed:
        lines.append(
            f"Other processes used up to {max(other_cores.values()):.1f} cores, and more than {QUIET} "
            f"in {disturbed} of {len(other_cores)} benchmarks. Measure again on a quiet machine for reliable times."
        )
    return lines


def legend(table: TextTable) -> list[str]:
    """Return the meanings of the columns of a table of results, one a line."""
    return [f"{head}: {LEGEND[head]}." for head in table.lines[0] if head in LEGEND]


def _lines(row: TimedRow) -> list[Line]:
    """Return the line of a row with its first ratio, and a short line for each further ratio."""
    line = {"cell": row.cell, "T,B,I,H": str(row.shape), "threads": str(row.threads), "candidate": row.candidate}
    line |= {"gates": "recorded" if row.trace else NOT_RECORDED, "ms": row.status}
    if row.timing is not None:
        line |= {"ms": f"{row.timing.median * 1e3:.2f}", "±": f"{row.timing.spread:.0%}"}
    optional = {
        "recording": (row.recording and row.recording - 1, "{:+.1%}", 1),
        "of GEMM": (row.share, "{:.0%}", 1),
        "kept MB": (row.kept, "{:.1f}", 1e6),
        "peak MB": (row.peak, "{:.1f}", 1e6),
    }
    line |= {head: form.format(value / unit) for head, (value, form, unit) in optional.items() if value is not None}
    first, *others = [
        {"×": f"{ratio.speed:.2f}", "against": ratio.against}
        | ({} if ratio.memory is None else {"peak %": f"{ratio.memory:.0%}"})
        for ratio in row.ratios
    ] or [{}]
    return [line | first, *others]


def _summary_line(summary: Summary, form: str, mean: float, least: float, greatest: float) -> Line:
    gates = "recorded" if summary.trace else NOT_RECORDED
    line = {"cell": summary.cell, "candidate": summary.candidate, "gates": gates, "against": summary.against}
    line |= {"threads": str(summary.threads), "shapes": str(summary.shapes)}
    line |= {"mean": form.format(mean), "least": form.format(least), "greatest": form.format(greatest)}
    return line | {"at": str(summary.least_at), "at ": str(summary.greatest_at)}


def _table(lines: Sequence[Line], sides: Mapping[str, str]) -> TextTable:
    """Return at least one line as a table, without empty columns and without the columns printed above it."""
    full = [line for line in lines if "candidate" in line]
    common = {head: full[0][head] for head in COMMON if head in full[0] and len({line[head] for line in full}) == 1}
    heads = [head for head in sides if head not in common and any(line.get(head) for line in lines)]
    above = ", ".join(f"{head} {text}" for head, text in common.items() if text != NOT_RECORDED)
    body = [tuple(line.get(head, "") for head in heads) for line in lines]
    return TextTable(above, (tuple(head.strip() for head in heads), *body), "".join(sides[head] for head in heads))
