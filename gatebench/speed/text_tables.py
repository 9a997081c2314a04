"""The rows of a speed run as tables for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gatebench.machine.other_processes import QUIET
from gatebench.speed.summary import Summary, recordings, speeds
from gatebench.speed.timed_row import TimedRow

Line = Mapping[str, str]
"""What stands in a line of a table, by the head of its column; what is not there is left empty."""

SIDES = {
    "cell": "l",
    "T,B,I,H": "l",
    "threads": "r",
    "contestant": "l",
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
"""The columns of the table of rows, and on which side their texts stand."""

SUMMARY_SIDES = {
    "cell": "l",
    "contestant": "l",
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
"""The same of the summary."""

ONCE = ("cell", "T,B,I,H", "threads", "gates", "shapes")
"""The columns that are told above the table where all lines say the same."""

NEITHER = "–"
"""Stands where gates are not recorded."""

LEGEND = {
    "ms": "median of a training step in float32: forward, and backward to the input and all weights",
    "±": "half the interquartile range",
    "gates": "whether their values are recorded at all steps",
    "recording": "what that costs",
    "×": "how many times as fast as what stands behind it",
    "of GEMM": "FLOP/s of the products, as a part of the GEMM peak",
    "kept MB": "what the forward pass keeps for the backward pass",
    "peak MB": "growth of the peak resident set in one step, in a fresh process",
    "peak %": "the same in percent of that of what it is compared with",
}
"""What the columns of the table of rows mean."""


@dataclass(frozen=True)
class TextTable:
    """A table. above: what holds for all of it. lines: texts, the head first. sides: "l" or "r" for each column."""

    above: str
    lines: tuple[tuple[str, ...], ...]
    sides: str


def results(rows: Sequence[TimedRow]) -> TextTable:
    """Return the rows as a table: a line for each, and a short one for each further one that it is compared with."""
    return _sheet([line for row in rows for line in _lines(row)], SIDES)


def summary(rows: Sequence[TimedRow]) -> TextTable | None:
    """Return how many times as fast each contestant is over the shapes, or None where there are not several."""
    found = speeds(rows)
    lines = [_summary_line(one, "{:.2f}", one.mean, one.least, one.greatest) for one in found]
    return _sheet(lines, SUMMARY_SIDES) if any(one.shapes > 1 for one in found) else None


def recording(rows: Sequence[TimedRow]) -> TextTable | None:
    """Return what recording the gates costs over the shapes, or None where that was not measured at several."""
    found = recordings(rows)
    lines = [
        dict(_summary_line(one, "{:+.1%}", one.mean - 1, one.least - 1, one.greatest - 1), against="", gates=NEITHER)
        for one in found
    ]
    return _sheet(lines, SUMMARY_SIDES) if any(one.shapes > 1 for one in found) else None


def notes(rows: Sequence[TimedRow]) -> list[str]:
    """Return a line for each sentence that belongs to a row, and one where the machine was busy with something else."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        if row.sentence:
            found.setdefault((row.cell, row.contestant, row.sentence), []).append(str(row.shape))
    said = [
        f"{cell}, {contestant}, at {'; '.join(dict.fromkeys(places))}: {sentence}"
        for (cell, contestant, sentence), places in found.items()
    ]
    taken = {(row.cell, row.shape, row.threads): row.others or 0.0 for row in rows}
    disturbed = sum(cores > QUIET for cores in taken.values())
    if disturbed:
        said.append(
            f"Other processes took up to {max(taken.values()):.1f} cores meanwhile, and more than {QUIET} "
            f"in {disturbed} of {len(taken)} contests: measure on a quiet machine what is to be trusted."
        )
    return said


def legend(sheet: TextTable) -> list[str]:
    """Return what the columns of the table of rows mean, of those that are there."""
    return [f"{head}: {LEGEND[head]}." for head in sheet.lines[0] if head in LEGEND]


def _lines(row: TimedRow) -> list[Line]:
    """Return a row's line, with its first ratio, and a short one for every other ratio."""
    line = {"cell": row.cell, "T,B,I,H": str(row.shape), "threads": str(row.threads), "contestant": row.contestant}
    line |= {"gates": "recorded" if row.trace else NEITHER, "ms": row.verdict}
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


def _summary_line(one: Summary, form: str, mean: float, least: float, greatest: float) -> Line:
    line = {"cell": one.cell, "contestant": one.contestant, "gates": "recorded" if one.trace else NEITHER}
    line |= {"against": one.against, "threads": str(one.threads), "shapes": str(one.shapes)}
    line |= {"mean": form.format(mean), "least": form.format(least), "greatest": form.format(greatest)}
    return line | {"at": str(one.least_at), "at ": str(one.greatest_at)}


def _sheet(lines: Sequence[Line], sides: Mapping[str, str]) -> TextTable:
    """Return the table of at least one line without empty columns, and without those that can be told once."""
    full = [line for line in lines if "contestant" in line]
    once = {head: full[0][head] for head in ONCE if head in full[0] and len({line[head] for line in full}) == 1}
    heads = [head for head in sides if head not in once and any(line.get(head) for line in lines)]
    above = ", ".join(f"{head} {text}" for head, text in once.items() if text != NEITHER)
    body = [tuple(line.get(head, "") for head in heads) for line in lines]
    return TextTable(above, (tuple(head.strip() for head in heads), *body), "".join(sides[head] for head in heads))
