"""Forecast any series in a CSV file of the user, such as prices, weather or traffic."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError, out_of_range
from gatebench.own_input import OwnInput
from gatebench.task import Example, Metric, Problem, Task
from tasks.blocks.validation import check_choice, check_flag, check_number, check_whole, make_floats
from tasks.data.files import report_read_errors
from tasks.data.own_file import own_path

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tasks.series.csv_series import CsvRows

ENCODINGS = ("utf-8", "latin-1")
MISSING = ("refuse", "carry")
GAPS = ("refuse", "carry", "ignore")

LEAST_WINDOWS = 5
"""The least number of windows of the validation part and of the test part."""


@dataclass(frozen=True)
class Series(Task):
    """Forecast one column of a CSV file from itself and the other columns. The file's first line names its columns.

    Attributes:
        path: the file, relative to the working directory.
        target: the name of the column to forecast.
        horizon: the number of steps to forecast.
        input_length: T, the number of input steps.
        inputs: the names of the columns to read beside the target; None for all.
        date: the name of the column of dates; None for the first column, if its first cell is not a number.
        date_format: the `strptime` pattern of the dates; None for ISO 8601.
        separator: the character between two cells.
        encoding: the encoding of the file: "utf-8" or "latin-1".
        sentinel: a number that means a missing value; None for none.
        missing: the treatment of missing values: "refuse" them, or "carry" the column's last value forward.
        gaps: the treatment of missing rows: "refuse" them, "carry" the last row forward, or "ignore" them, for example
            the weekends of stock prices.
        season: the number of steps of a season, for the seasonal-naive forecast. None derives it from the dates: a day,
            a week if the steps are days, a year if they are months. There is no season without dates or with ignored
            gaps.
        subtract_last: whether the last input of each column is subtracted from its inputs and targets, so that the
            change from it is forecast. This does not change the errors.
    """

    title = "A series in a CSV file of the user"
    metrics = (
        Metric("mse", "min", low=0),
        Metric("mae", "min", low=0),
    )
    chance = 1.0  # the training part's mean on the training part; its error on the test part is the baseline "mean"
    protocol = (
        "None is published. As for `weather`: in order, 70 % for training, 10 % for validation, 20 % for test. The "
        "inputs of validation and test windows may contain steps of the part before. The series and its errors are "
        "standardised by the mean and the standard deviation of the training part. All windows are used, one step "
        "apart."
    )
    licence = "the user's own"

    path: str | None = None
    target: str | None = None
    horizon: int = 24
    input_length: int = 96
    inputs: list[str] | None = None
    date: str | None = None
    date_format: str | None = None
    separator: str = ","
    encoding: str = "utf-8"
    sentinel: float | None = None
    missing: str = "refuse"
    gaps: str = "refuse"
    season: int | None = None
    subtract_last: bool = True

    def __post_init__(self) -> None:
        for field in ("path", "target", "date", "date_format"):
            value = getattr(self, field)
            if value is not None and not (isinstance(value, str) and value):
                raise out_of_range(f"task.{field}", value, "a text, or null")
        named = isinstance(self.inputs, list | tuple) and all(isinstance(name, str) for name in self.inputs)
        if self.inputs is not None and not named:
            raise out_of_range("task.inputs", self.inputs, "a list of names, or null")
        check_whole("horizon", self.horizon, 1, 2000)
        check_whole("input_length", self.input_length, 1, 2000)
        if self.season is not None:
            check_whole("season", self.season, 1)
        if self.sentinel is not None:
            check_number("sentinel", self.sentinel, -1e300, 1e300)
        make_floats(self, "sentinel")
        if not isinstance(self.separator, str) or len(self.separator) != 1 or self.separator in '"\r\n':
            raise out_of_range(
                "task.separator", self.separator, "one character, but not a double quote or an end of line"
            )
        check_choice("encoding", self.encoding, ENCODINGS)
        check_choice("missing", self.missing, MISSING)
        check_choice("gaps", self.gaps, GAPS)
        check_flag("subtract_last", self.subtract_last)

    def parameters(self) -> dict[str, Any]:
        """Return the fields, with the path reduced to the file name: the folder does not enter a digest."""
        return {**super().parameters(), "path": self.path and Path(self.path).name}

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the user's file.

        Raises:
            UserError: the path or the target is null, or the file cannot be read.
        """
        path = self._file()
        with report_read_errors(path), path.open("rb") as file:
            return {path.name: hashlib.file_digest(file, "sha256").hexdigest()}

    def check_files(self, root: Path, cache: Path | None = None) -> None:  # noqa: ARG002  (nothing is cached)
        """Check that the user's file exists and has no fault."""
        self._regular_series(self._rows(), self._file().name)

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (nothing needs a cache)
        """Read the user's file. The data root is not used."""
        from tasks.series.forecasting import forecasting_problem

        path, rows = self._file(), self._rows()
        values, season = self._regular_series(rows, path.name)
        steps, ends = len(values), _ends(values)
        if self.season is not None and self.season > ends[1]:
            raise out_of_range("task.season", self.season, f"at most the {ends[1]:,} steps before the test part")
        problem = forecasting_problem(
            values,
            rows.columns,
            path.name,
            outputs=1,
            ends=ends,
            input_length=self.input_length,
            horizon=self.horizon,
            season=season if self.season is None else self.season,
            subtract_last=self.subtract_last,
        )
        for part, split in (("validation", problem.val), ("test", problem.test)):
            if len(split) < LEAST_WINDOWS:
                raise UserError(
                    f"{path.name} is too short: of its {steps:,} steps, the {part} part has {len(split)} windows to "
                    f"score; at least {LEAST_WINDOWS} are needed, because the scores of fewer are chance."
                )
        return problem

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test window with the names of its columns."""
        from tasks.series.window_views import window_example

        return window_example(problem, number, self._rows().columns)

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return the end of another CSV file with the same columns."""
        from tasks.series.window_views import own_window

        rows = self._rows()
        values, _ = self._regular_series(rows, self._file().name)
        return own_window(
            given,
            values[: _ends(values)[0]],
            rows.columns,
            input_length=self.input_length,
            subtract_last=self.subtract_last,
            separator=self.separator,
            encoding=self.encoding,
        )

    def _rows(self) -> CsvRows:
        """Return the content of the user's file."""
        from tasks.series.csv_series import CsvFormat, read_csv

        path, target = self._file(), str(self.target)
        csv_format = CsvFormat(target, self.inputs, self.date, self.date_format, self.separator, self.encoding)
        return read_csv(path, csv_format)

    def _regular_series(self, rows: CsvRows, name: str) -> tuple[NDArray[np.float64], int | None]:
        """Return the values (N, I) without missing values and missing rows, and the season that the dates give."""
        from tasks.series.gaps import carried_rows, check_regular, fill_missing_values
        from tasks.series.timestamps import time_axis

        values = fill_missing_values(rows, self.sentinel, self.missing == "carry", name)
        axis = time_axis(rows.times, rows.lines, name)
        if axis is None:
            return values, None
        if self.gaps == "ignore":
            return values, axis.season if axis.is_regular else None
        if self.gaps == "carry":
            return values[carried_rows(axis, rows.lines, name)], axis.season
        check_regular(axis, rows.lines, name)
        return values, axis.season

    def _file(self) -> Path:
        """Return the path of the user's file.

        Raises:
            UserError: the path or the target is null.
            MissingFile: there is no such file.
        """
        if self.path is None:
            raise UserError("task.path is null; it must name a CSV file.")
        path = own_path(self.path, "a CSV file")
        if self.target is None:
            from tasks.series.csv_series import column_names

            names = ", ".join(column_names(path, self.separator, self.encoding)) or "none"
            raise UserError(f"task.target is null; it must name the column to forecast. Allowed: {names}.")
        return path


def _ends(values: NDArray[np.float64]) -> tuple[int, int, int]:
    """Return the steps after which training, validation and test end: 70 %, 10 % and 20 % of the steps."""
    steps = len(values)
    return int(0.7 * steps), steps - int(0.2 * steps), steps
