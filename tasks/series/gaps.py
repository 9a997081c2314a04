"""What is missing in a series: refused, or filled from before it, never from behind. N rows, I columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.series.csv_series import CsvRows
from tasks.series.timestamps import Clock


def carry_forward(values: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the series (N, I) with each missing value (N, I) replaced by the last one of its column that is not.

    Values missing from a column's beginning on are replaced by its first row's, whatever that is.
    """
    rows = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(missing, 0, rows), 0)
    filled: NDArray[Any] = np.take_along_axis(values, last, 0)
    return filled


def fill_values(rows: CsvRows, sentinel: float | None, carry: bool, name: str) -> NDArray[np.float64]:
    """Return the values (N, I) of a file, with what is missing carried forward; `name` is the file's.

    Raises:
        UserError: a value is missing and must not be carried, or there is none before it.
    """
    missing = np.isnan(rows.values) if sentinel is None else np.isnan(rows.values) | (rows.values == sentinel)
    for column, absent in zip(rows.columns, missing.T, strict=True):
        if absent[0] and carry:
            raise UserError(
                f"Column {column!r} of {name} begins without a value, so that task.missing=carry has none to carry; "
                f"say in task.inputs which columns to use, or leave the first rows out."
            )
        if absent.any() and not carry:
            raise UserError(
                f"Column {column!r} of {name} lacks {absent.sum():,} of {len(absent):,} values, the first one in line "
                f"{rows.lines[absent.argmax()]}; task.missing=carry puts the last value before each in its place."
            )
    return carry_forward(rows.values, missing)


def check_no_gap(clock: Clock, lines: Sequence[int], name: str) -> None:
    """Check that all rows are the usual step apart.

    Raises:
        UserError: they are not; the sentence says where first, and what can be done.
    """
    if not clock.is_even:
        gaps = np.flatnonzero(clock.steps != clock.usual)
        raise UserError(
            f"{name} has rows that are not {clock.describe(clock.usual)} apart, {len(gaps):,} of {len(clock.ticks):,}, "
            f"the first one in line {lines[gaps[0] + 1]}, {clock.describe(int(clock.steps[gaps[0]]))} after the one "
            f"before; task.gaps=carry puts the last row in the place of missing ones, task.gaps=ignore takes the rows "
            f"as evenly spaced."
        )


def fill_rows(clock: Clock, lines: Sequence[int], name: str) -> NDArray[np.int64]:
    """Return, for each of the steps that there should be, the row at its time or else the last one before it.

    Raises:
        UserError: a gap is no multiple of the usual step, or more rows are missing than there are.
    """
    odd = np.flatnonzero(clock.steps % clock.usual)
    if len(odd):
        raise UserError(
            f"{name} has a row in line {lines[odd[0] + 1]} that is {clock.describe(int(clock.steps[odd[0]]))} after "
            f"the one before, no multiple of the usual {clock.describe(clock.usual)}: task.gaps=carry cannot fill that."
        )
    places = (clock.ticks - clock.ticks[0]) // clock.usual
    total = int(places[-1]) + 1
    if total > 2 * len(places):
        raise UserError(
            f"{name} has {len(places):,} rows and lacks {total - len(places):,}: too many for task.gaps=carry."
        )
    return np.searchsorted(places, np.arange(total), side="right") - 1
