"""Any series in a CSV file of the user's: stock, weather, traffic."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError, out_of_range
from gatebench.task import Metric, Problem, Task
from tasks.blocks.validation import check_choice, check_flag, check_number, check_whole, make_floats
from tasks.data.files import MissingFile, report_read_errors

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tasks.series.csv_series import CsvRows

ENCODINGS = ("utf-8", "latin-1")
MISSING = ("refuse", "carry")
GAPS = ("refuse", "carry", "ignore")


@dataclass(frozen=True)
class Series(Task):
    """One column of a CSV file is forecast from itself and the others. The file's first line names its columns.

    path: the file, from the working directory. target: the column to forecast. horizon, input_length: steps of forecast
    and of input, T. inputs: the columns beside the target; None for all. date: the column of dates; None for the first
    if it holds no numbers. date_format: theirs, as for `strptime`; None for ISO 8601. separator, encoding: of the file.
    sentinel: a number that stands for a missing value. missing: "refuse" missing values, or "carry" the column's last
    one forward. gaps: "refuse" missing rows, "carry" the last row forward, or "ignore" them, as for a stock's weekends.
    season: in steps, for the seasonal-naive forecast; None for a day, for a week of days, or for a year of months, as
    far as dates without ignored gaps tell. subtract_last: each column's last input is subtracted from its inputs, and
    the change from it is forecast; the errors are the same figures either way.
    """

    title = "A series of one's own"
    metrics = (Metric("mse", "min"), Metric("mae", "min"))
    chance = (
        1.0  # the training part's mean, there, by definition; the baseline "mean" is what it scores on the test part
    )
    protocol = (
        "None is published. As for `weather`: in order, 70 % for training, 10 % for validation, 20 % for test, whose "
        "inputs may reach back into the part before; standardised by training's mean and standard deviation, on whose "
        "scale the errors are; all windows, one step apart, none dropped."
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
            raise out_of_range("task.separator", self.separator, "one character that may stand between cells")
        check_choice("encoding", self.encoding, ENCODINGS)
        check_choice("missing", self.missing, MISSING)
        check_choice("gaps", self.gaps, GAPS)
        check_flag("subtract_last", self.subtract_last)

    def parameters(self) -> dict[str, Any]:
        """Return the fields, the path without its folder: what the file holds enters a digest, not where it lies."""
        return {**super().parameters(), "path": self.path and Path(self.path).name}

    def checksums(self) -> Mapping[str, str]:
        """Return the checksum of the user's file, from its bytes.

        Raises:
            UserError: no file or no target is named, or the file cannot be read.
        """
        path = self._file()
        with report_read_errors(path), path.open("rb") as file:
            return {path.name: hashlib.file_digest(file, "sha256").hexdigest()}

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (it is the user's own file)
        """Read the user's file; the data root is of no account."""
        from tasks.series.csv_series import CsvFormat, read_csv
        from tasks.series.forecasting import forecasting_problem

        path, target = self._file(), str(self.target)
        form = CsvFormat(target, self.inputs, self.date, self.date_format, self.separator, self.encoding)
        rows = read_csv(path, form)
        values, season = self._evenly(rows, path.name)
        n = len(values)
        if self.season is not None and self.season > n - int(0.2 * n):
            raise out_of_range(
                "task.season", self.season, f"at most the {n - int(0.2 * n):,} steps before the test part"
            )
        return forecasting_problem(
            values,
            rows.columns,
            path.name,
            outputs=1,
            ends=(int(0.7 * n), n - int(0.2 * n), n),
            input_length=self.input_length,
            horizon=self.horizon,
            season=season if self.season is None else self.season,
            subtract_last=self.subtract_last,
        )

    def _evenly(self, rows: CsvRows, name: str) -> tuple[NDArray[np.float64], int | None]:
        """Return the values (N, I), one row a step and none missing, and the season that the dates tell."""
        from tasks.series.gaps import check_no_gap, fill_rows, fill_values
        from tasks.series.timestamps import read_clock

        values = fill_values(rows, self.sentinel, self.missing == "carry", name)
        clock = read_clock(rows.times, rows.lines, name)
        if clock is None:
            return values, None
        if self.gaps == "ignore":
            return values, clock.season if clock.is_even else None
        if self.gaps == "carry":
            return values[fill_rows(clock, rows.lines, name)], clock.season
        check_no_gap(clock, rows.lines, name)
        return values, clock.season

    def _file(self) -> Path:
        """Return the user's file, after a look whether it is there."""
        if self.path is None or self.target is None:
            field, wanted = ("path", "a CSV file") if self.path is None else ("target", "the column to forecast")
            raise UserError(f"task.{field} is null; it must name {wanted}.")
        try:
            path = Path(self.path).expanduser()
            there = path.is_file()
        except (OSError, RuntimeError):  # a name too long, or no such user's home
            there = False
        if not there:
            raise MissingFile(f"There is no file {self.path}, which task.path names.")
        return path
