"""Timestamps of a series: read, and put in microseconds or months. N rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

DAY = 86_400_000_000  # microseconds
SHORTEST_MONTH = 28 * DAY


def read_timestamp(text: str, pattern: str | None) -> datetime:
    """Return the time that a text gives, in ISO 8601 or in a `strptime` pattern; with an offset, as UTC without one.

    A month alone, "1949-01", is its first day.

    Raises:
        ValueError: the text is no time.
    """
    text = text.strip()
    try:
        if pattern is not None:
            time = datetime.strptime(text, pattern)
        else:
            time = datetime.fromisoformat(f"{text}-01" if len(text) == 7 and text[4] == "-" else text)
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{text} is no time in UTC") from None
    except re.error:
        raise ValueError(f"{pattern} asks for the same twice") from None


@dataclass(frozen=True, eq=False)
class Clock:
    """When the rows of a series were taken.

    ticks: (N,) microseconds since the first row, or months where rows are four weeks or more apart and not evenly so.
    usual: the most common step between two rows, in ticks. monthly: whether ticks are months.
    """

    ticks: NDArray[np.int64]
    usual: int
    monthly: bool

    @property
    def steps(self) -> NDArray[np.int64]:
        """The step (N - 1,) from each row to the next, in ticks."""
        return np.diff(self.ticks)

    @property
    def is_even(self) -> bool:
        """Whether all steps are the usual one."""
        return bool((self.steps == self.usual).all())

    @property
    def season(self) -> int | None:
        """How many rows make a day, or a week of days, or a year of months; None if not a whole number above 1."""
        span = 12 if self.monthly else 7 * DAY if self.usual == DAY else DAY
        return span // self.usual if span % self.usual == 0 and span > self.usual else None

    def describe(self, ticks: int) -> str:
        """Return a number of ticks in words."""
        if self.monthly:
            return f"{ticks} month{'s' if ticks > 1 else ''}"
        return str(timedelta(microseconds=ticks))


def read_clock(times: Sequence[datetime], lines: Sequence[int], name: str) -> Clock | None:
    """Return the clock of a file's rows, or None if it has fewer than two times.

    `name` is the file's and `lines` (N,) are where its rows end, for the sentences.

    Raises:
        UserError: the times do not increase from row to row.
    """
    if len(times) < 2:
        return None
    since = np.array(times, "datetime64[us]").astype(np.int64)
    steps = np.diff(since)
    if (steps < 1).any():
        row = int((steps < 1).argmax()) + 1
        raise UserError(
            f"{name} has {times[row]} in line {lines[row]} after {times[row - 1]} in the row before; "
            f"its rows must be in order of time."
        )
    months = np.array(times, "datetime64[M]").astype(np.int64)
    monthly = bool(steps.min() >= SHORTEST_MONTH and steps.min() < steps.max() and (np.diff(months) > 0).all())
    ticks = months if monthly else since
    sizes, counts = np.unique(np.diff(ticks), return_counts=True)
    return Clock(ticks - ticks[0], int(sizes[counts.argmax()]), monthly)
