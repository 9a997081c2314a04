"""What many rows come to: ratios over the shapes, by their geometric mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from statistics import geometric_mean
from typing import Any

from gatebench.speed.shape import Shape
from gatebench.speed.timed_row import TimedRow


@dataclass(frozen=True)
class Summary:
    """A ratio of a cell's contestant over all shapes that it was timed at.

    against: with whom. mean: the geometric one. least_at, greatest_at: at which shapes.
    """

    cell: str
    contestant: str
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
    """Return how many times as fast each contestant is, by cell, contestant, baseline and number of threads."""
    return _summaries((row, ratio.against, ratio.speed) for row in rows for ratio in row.ratios)


def recordings(rows: Iterable[TimedRow]) -> list[Summary]:
    """Return the time with recorded gates as a part of the time without them, by cell, contestant and threads."""
    return _summaries((row, row.contestant, row.recording) for row in rows if row.recording is not None)


def _summaries(found: Iterable[tuple[TimedRow, str, float]]) -> list[Summary]:
    groups: dict[tuple[str, str, bool, str, int], list[tuple[float, Shape]]] = {}
    for row, against, ratio in found:
        key = (row.cell, row.contestant, row.trace, against, row.threads)
        groups.setdefault(key, []).append((ratio, row.shape))
    places = {kind: place for place, kind in enumerate(dict.fromkeys(key[:-1] for key in groups))}
    # numbers of threads side by side, the rest as it came
    return [_summary(key, groups[key]) for key in sorted(groups, key=lambda key: places[key[:-1]])]


def _summary(key: tuple[str, str, bool, str, int], ratios: Sequence[tuple[float, Shape]]) -> Summary:
    least, greatest = min(ratios, key=lambda r: r[0]), max(ratios, key=lambda r: r[0])
    return Summary(*key, len(ratios), geometric_mean(ratio for ratio, _ in ratios), *least, *greatest)
