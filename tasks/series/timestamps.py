"""The timestamps of a series and the steps between them. N rows."""

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
    """Return the time in a text, without a time zone. A time with an offset is converted to UTC.

    Args:
        text: the time. A month alone, such as "1949-01", means its first day.
        pattern: the `strptime` pattern of the text; None for ISO 8601.

    Raises:
        ValueError: the text is not such a time.
    """
    text = text.strip()
    try:
        if pattern is not None:
            time = datetime.strptime(text, pattern)
        else:
            is_month = len(text) == 7 and text[4] == "-"
            time = datetime.fromisoformat(f"{text}-01" if is_month else text)
        return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{text} is outside the range of times in UTC") from None
    except re.error:
        raise ValueError(f"{pattern} contains one directive twice") from None


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """The times of the rows of a series.

    Attributes:
        offsets: (N,) the time of each row minus the time of the first row, in microseconds or in months. Months are
            the unit if all rows are at least four weeks apart and not all equally far.
        usual_step: the most frequent step from one row to the next, in the unit of `offsets`.
        in_months: whether the unit is the month.
    """

    offsets: NDArray[np.int64]
    usual_step: int
    in_months: bool

    @property
    def steps(self) -> NDArray[np.int64]:
        """The step (N - 1,) from each row to the next, in the unit of `offsets`."""
        return np.diff(self.offsets)

    @property
    def is_regular(self) -> bool:
        """Whether all steps are equal."""
        return bool((self.steps == self.usual_step).all())

    @property
    def season(self) -> int | None:
        """The number of rows in a season, or None if it is not a whole number above 1.

        The season is a year for months, a week for days, and a day for all other steps.
        """
        if self.in_months:
            season = 12
        elif self.usual_step == DAY:
            season = 7 * DAY
        else:
            season = DAY
        is_whole = season % self.usual_step == 0
        return season // self.usual_step if is_whole and season > self.usual_step else None

    def describe(self, step: int) -> str:
        """Return a step as a text with its unit."""
        if self.in_months:
            return f"{step} month{'s' if step > 1 else ''}"
        return str(timedelta(microseconds=step)).removesuffix(", 0:00:00")


def time_axis(times: Sequence[datetime], lines: Sequence[int], name: str) -> TimeAxis | None:
    """Return the time axis of a file's rows, or None if there are fewer than two times.

    Args:
        times: (N,) the times of the rows.
        lines: (N,) the line of each row in the file, for messages.
        name: the name of the file, for messages.

    Raises:
        UserError: the times do not increase from row to row.
    """
    if len(times) < 2:
        return None
    microseconds = np.array(times, "datetime64[us]").astype(np.int64)
    steps = np.diff(microseconds)
    if (steps < 1).any():
        row = int((steps < 1).argmax()) + 1
        raise UserError(
            f"{name} has {times[row]} in line {lines[row]} after {times[row - 1]} in the row before; "
            f"its rows must be in order of time."
        )
    months = np.array(times, "datetime64[M]").astype(np.int64)
    in_months = bool(steps.min() >= SHORTEST_MONTH and steps.min() < steps.max() and (np.diff(months) > 0).all())
    offsets = months if in_months else microseconds
    step_sizes, counts = np.unique(np.diff(offsets), return_counts=True)
    return TimeAxis(offsets - offsets[0], int(step_sizes[counts.argmax()]), in_months)
