"""Missing values and missing rows of a series: refuse them, or carry the last one forward. N rows, I columns.

A gap is only filled from earlier rows, so that no value from the future reaches an input.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.series.csv_series import CsvRows
from tasks.series.timestamps import TimeAxis


def carry_forward(values: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a series with the last observation carried forward.

    Args:
        values: (N, I) the series.
        missing: (N, I) which values are missing. Missing values at the beginning of a column have no value before
            them; they are replaced by the number in the column's first row.
    """
    rows = np.arange(len(values))[:, None]
    last_present = np.maximum.accumulate(np.where(missing, 0, rows), 0)
    filled: NDArray[Any] = np.take_along_axis(values, last_present, 0)
    return filled


def fill_missing_values(rows: CsvRows, sentinel: float | None, carry: bool, name: str) -> NDArray[np.float64]:
    """Return the values (N, I) of a file without missing ones.

    Args:
        rows: the content of the file.
        sentinel: a number that means a missing value, or None.
        carry: whether missing values are replaced by the last value of the column.
        name: the name of the file, for messages.

    Raises:
        UserError: a value is missing and `carry` is false, or a column begins with a missing value.
    """
    missing = np.isnan(rows.values)
    if sentinel is not None:
        missing = missing | (rows.values == sentinel)
    for column, column_missing in zip(rows.columns, missing.T, strict=True):
        if column_missing[0] and carry:
            raise UserError(
                f"Column {column!r} of {name} begins with a missing value, so that task.missing=carry has no value to "
                f"carry; list the columns to use in task.inputs, or remove the first rows."
            )
        if column_missing.any() and not carry:
            raise UserError(
                f"Column {column!r} of {name} lacks {column_missing.sum():,} of {len(column_missing):,} values, the "
                f"first one in line {rows.lines[column_missing.argmax()]}; task.missing=carry replaces each by the "
                f"last value before it."
            )
    return carry_forward(rows.values, missing)


def check_regular(axis: TimeAxis, lines: Sequence[int], name: str) -> None:
    """Check that all rows are equally far apart in time.

    Raises:
        UserError: they are not. The message names the first gap and the ways to handle it.
    """
    if not axis.is_regular:
        gaps = np.flatnonzero(axis.steps != axis.usual_step)
        raise UserError(
            f"{name} has rows that are not {axis.describe(axis.usual_step)} apart, {len(gaps):,} of "
            f"{len(axis.offsets):,}, the first one in line {lines[gaps[0] + 1]}, "
            f"{axis.describe(int(axis.steps[gaps[0]]))} after the row before; task.gaps=carry repeats the last row in "
            f"place of missing ones, task.gaps=ignore takes the rows as evenly spaced."
        )


def carried_rows(axis: TimeAxis, lines: Sequence[int], name: str) -> NDArray[np.int64]:
    """Return the row to use at each step of a regular time axis: the row at this time, or the last row before it.

    Raises:
        UserError: a gap is not a multiple of the usual step, or there are more missing rows than rows.
    """
    irregular = np.flatnonzero(axis.steps % axis.usual_step)
    if len(irregular):
        raise UserError(
            f"{name} has a row in line {lines[irregular[0] + 1]} that is "
            f"{axis.describe(int(axis.steps[irregular[0]]))} after the row before, not a multiple of the usual "
            f"{axis.describe(axis.usual_step)}: task.gaps=carry cannot fill this gap."
        )
    step_of_row = (axis.offsets - axis.offsets[0]) // axis.usual_step
    steps = int(step_of_row[-1]) + 1
    if steps > 2 * len(step_of_row):
        raise UserError(
            f"{name} has {len(step_of_row):,} rows and lacks {steps - len(step_of_row):,}, "
            f"too many for task.gaps=carry."
        )
    return np.searchsorted(step_of_row, np.arange(steps), side="right") - 1
