"""Read a series from a CSV file of the user and check every cell of it. N rows, I columns.

The file is read with Python's `csv` module and not with pandas, because pandas 3.1 reads three kinds of faulty files
without an error (rows with too few cells, two columns of one name, text after a closing quote) and names neither the
line nor the column of a cell that is not a number.
"""

import csv
import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError, unknown
from tasks.data.files import report_read_errors
from tasks.series.timestamps import read_timestamp

Rows = Iterator[tuple[int, list[str]]]
"""The line number and the cells of each row that is not empty."""

Content = TypeVar("Content")

MAX_BYTES = 1 << 30
"""The largest file that is read. The numbers of a file take about half as much memory as their text."""

MISSING_VALUES = frozenset({"", "-", "?", "na", "n/a", "nan", "none", "null"})
"""The cells that mean a missing value, in lower case. Upper case is allowed too."""

PYTHON_ENCODINGS: Mapping[str, str] = {"utf-8": "utf-8-sig", "latin-1": "latin-1"}

OTHER_SEPARATORS: Mapping[str, str] = {
    ",": "commas; set 'task.separator=\",\"'",
    ";": "semicolons; set 'task.separator=\";\"'",
    "\t": "tabs; set task.separator to a tab, in a shell by $'task.separator=\"\\t\"'",
    "|": "vertical bars; set 'task.separator=\"|\"'",
}
"""{separator: its name and the setting for it}"""

MAX_SHOWN = 40  # the number of characters of a faulty cell in a message


@dataclass(frozen=True)
class CsvFormat:
    """How to read a CSV file.

    Attributes:
        target: the name of the column to forecast.
        inputs: the names of the columns to read beside the target; None for all columns.
        date: the name of the column of dates; None for the first column, if its first cell is not a number.
        date_format: the `strptime` pattern of the dates; None for ISO 8601.
        separator: the character between two cells.
        encoding: a key of `PYTHON_ENCODINGS`.
    """

    target: str
    inputs: Sequence[str] | None
    date: str | None
    date_format: str | None
    separator: str
    encoding: str


@dataclass(frozen=True)
class CsvRows:
    """The content of a CSV file.

    Attributes:
        columns: (I,) the names of the columns of `values`. The target is the first.
        values: (N, I) the numbers; NaN for a missing value.
        times: (N,) the times of the rows; empty if the file has no column of dates.
        lines: (N,) the number of the last line of each row in the file, for messages.
    """

    columns: tuple[str, ...]
    values: NDArray[np.float64]
    times: Sequence[datetime]
    lines: Sequence[int]


def read_csv(path: Path, csv_format: CsvFormat) -> CsvRows:
    """Return the rows of a CSV file. The first line of the file must name its columns.

    Raises:
        UserError: the file cannot be read or is too large, or a row, a column name or a cell is faulty.
    """
    return _read(path, csv_format.separator, csv_format.encoding, lambda rows: _parse(rows, path.name, csv_format))


def column_names(path: Path, separator: str, encoding: str) -> list[str]:
    """Return the names of the columns of a CSV file.

    Raises:
        UserError: the file cannot be read.
    """
    return _read(path, separator, encoding, _header)


def _read(path: Path, separator: str, encoding: str, parse: Callable[[Rows], Content]) -> Content:
    """Return what a function reads from the rows of a CSV file.

    Raises:
        UserError: the file cannot be read or is too large.
    """
    with report_read_errors(path):
        if (size := path.stat().st_size) > MAX_BYTES:
            raise UserError(f"{path} has {size:,} bytes; at most {MAX_BYTES:,} are read.")
        try:
            with path.open(encoding=PYTHON_ENCODINGS[encoding], newline="") as file:
                reader = csv.reader(file, delimiter=separator, strict=True)
                return parse((reader.line_num, cells) for cells in reader if cells)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise UserError(
                f"{path} is not {encoding}: it contains the byte 0x{byte:02x}; perhaps task.encoding=latin-1 is right."
            ) from None
        except csv.Error as error:
            raise UserError(f"{path} is not a CSV file: {error}.") from None


def _header(rows: Rows) -> list[str]:
    """Return the cells of the first row without spaces around them; none if there is no row."""
    return [column.strip() for column in next(rows, (0, []))[1]]


def _parse(rows: Rows, name: str, csv_format: CsvFormat) -> CsvRows:
    """Return the rows of a file.

    Args:
        rows: the line number and the cells of each row that is not empty.
        name: the name of the file, for messages.
        csv_format: how to read the cells.
    """
    header = _header(rows)
    _check_header(header, name, csv_format)
    first_row = next(rows, None)
    if first_row is None:
        raise UserError(f"{name} has no row below its first line.")

    date = _date_column(header, first_row[1], csv_format)
    columns = _value_columns(header, date, name, csv_format)
    index_of = {column: index for index, column in enumerate(header)}
    value_indices = [index_of[column] for column in columns]

    values = array("d")
    times: list[datetime] = []
    lines: list[int] = []
    for line, cells in chain([first_row], rows):
        if len(cells) != len(header):
            raise UserError(f"{name} has {len(cells)} cells in line {line}, and {len(header)} columns.")
        values.extend([_number(cells[index], header[index], name, line, csv_format.target) for index in value_indices])
        if date is not None:
            times.append(_time(cells[index_of[date]], date, name, line, csv_format.date_format))
        lines.append(line)
    return CsvRows(columns, np.array(values).reshape(-1, len(columns)), times, lines)


def _check_header(header: Sequence[str], name: str, csv_format: CsvFormat) -> None:
    """Check that the column names are unique and that all columns of the format are among them."""
    if not any(header):
        raise UserError(f"{name} is empty; its first line must name its columns.")
    repeated = [column for column, count in Counter(header).items() if count > 1]
    if repeated:
        raise UserError(f"{name} has two columns called {repeated[0]!r}.")
    dates = [] if csv_format.date is None else [csv_format.date]
    for column in (csv_format.target, *(csv_format.inputs or ()), *dates):
        if column not in header:
            _check_separator(header, column, name, csv_format.separator)
            raise unknown("column", column, header, where=f"in {name}")


def _check_separator(header: Sequence[str], column: str, name: str, separator: str) -> None:
    """Refuse a header in which another separator gives the missing column."""
    line = separator.join(header)
    for other, setting in OTHER_SEPARATORS.items():
        if other != separator and column in (cell.strip().strip('"') for cell in line.split(other)):
            raise UserError(f"The columns of {name} are separated by {setting}.")


def _date_column(header: Sequence[str], first_cells: Sequence[str], csv_format: CsvFormat) -> str | None:
    """Return the name of the column of dates, or None if the file has none."""
    if csv_format.date is not None or header[0] in (csv_format.target, *(csv_format.inputs or ())):
        return csv_format.date
    try:
        _number(first_cells[0], header[0], "", 0, "")
    except UserError:
        return header[0]
    return None


def _value_columns(header: Sequence[str], date: str | None, name: str, csv_format: CsvFormat) -> tuple[str, ...]:
    """Return the names of the target and of the other input columns, these in the file's order."""
    if csv_format.target == date:
        raise UserError(f"task.target is {csv_format.target!r}, the column of dates of {name}.")
    inputs = [column for column in header if csv_format.inputs is None or column in csv_format.inputs]
    others = [column for column in inputs if column not in (csv_format.target, date)]
    if "" in others:
        raise UserError(f"Column {header.index('') + 1} of {name} has no name; list the columns to use in task.inputs.")
    return csv_format.target, *others


def _number(text: str, column: str, name: str, line: int, target: str) -> float:
    """Return the number in a cell, or NaN for a missing value."""
    text = text.strip()
    if text.lower() in MISSING_VALUES:
        return math.nan
    try:
        number = math.inf if "_" in text else float(text)  # Python reads 1_000 as a number; a CSV file must not
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        if column != target:
            advice = "list the columns to use in task.inputs"
        else:
            advice = (
                "correct the cell, leave it empty and set task.missing=carry, or name another column in task.target"
            )
        kind = "is infinite" if text.lower().lstrip("+-") in ("inf", "infinity") else "is not a number"
        raise UserError(
            f"Column {column!r} of {name} contains {text[:MAX_SHOWN]!r} in line {line}, which {kind}; {advice}."
        )
    return number


def _time(text: str, column: str, name: str, line: int, date_format: str | None) -> datetime:
    """Return the time in a cell."""
    try:
        return read_timestamp(text, date_format)
    except ValueError:
        if date_format is None:
            expected = "a date in ISO 8601; task.date_format can give another form"
        else:
            expected = f"of form {date_format}"
        raise UserError(
            f"Column {column!r} of {name} contains {text[:MAX_SHOWN]!r} in line {line}, which is not {expected}."
        ) from None
