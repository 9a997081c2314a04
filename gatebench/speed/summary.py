"""Ratios over all shapes, summarised by their geometric mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import geometric_mean
from typing import Any

from gatebench.speed.shape import Shape
from gatebench.speed.timed_row import TimedRow


@dataclass(frozen=True)
class Summary:
    """A ratio of one candidate over all shapes at which it was timed.

    Attributes:
        cell: the name of the cell.
        candidate: the name of the candidate.
        trace: whether the gates were recorded.
        against: the name of the baseline.
        threads: torch's number of threads.
        shapes: the number of shapes.
        mean: the geometric mean of the ratio.
        least: the smallest ratio.
        least_at: the shape with the smallest ratio.
        greatest: the largest ratio.
        greatest_at: the shape with the largest ratio.
    """

    cell: str
    candidate: str
    trace: bool
    against: str
    threads: int
    shapes: int
    mean: float
    least: float
    least_at: Shape
    greatest: float
    greatest_at: Shape

    def to_dict(self) -> dict[str, Any]:
        """Return plain data, ready for JSON."""
        return asdict(self)


def speeds(rows: Iterable[TimedRow]) -> list[Summary]:
    """Return how many times as fast as its baselines each candidate is.

    There is one summary for each cell, candidate, baseline and number of threads.
    """
    return _summaries((row, ratio.against, ratio.speed) for row in rows for ratio in row.ratios)


def recordings(rows: Iterable[TimedRow]) -> list[Summary]:
    """Return the time with recorded gates as a fraction of the time without them.

    There is one summary for each cell, candidate and number of threads.
    """
    return _summaries((row, row.candidate, row.recording) for row in rows if row.recording is not None)


def _summaries(ratios: Iterable[tuple[TimedRow, str, float]]) -> list[Summary]:
    """Return the summaries of (row, baseline, ratio), in the order of the rows, numbers of threads side by side."""
    groups: dict[tuple[str, str, bool, str, int], list[tuple[float, Shape]]] = {}
    for row, against, ratio in ratios:
        key = (row.cell, row.candidate, row.trace, against, row.threads)
        groups.setdefault(key, []).append((ratio, row.shape))
    without_threads = dict.fromkeys(key[:-1] for key in groups)
    positions = {key: position for position, key in enumerate(without_threads)}
    return [_summary(key, groups[key]) for key in sorted(groups, key=lambda key: positions[key[:-1]])]


def _summary(key: tuple[str, str, bool, str, int], ratios: Sequence[tuple[float, Shape]]) -> Summary:
    least, greatest = min(ratios, key=lambda r: r[0]), max(ratios, key=lambda r: r[0])
    return Summary(*key, len(ratios), geometric_mean(ratio for ratio, _ in ratios), *least, *greatest)
