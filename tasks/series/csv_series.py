"""A series in a CSV file of the user's: nothing in it is believed before it has been looked at."""

import csv
import math
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError, unknown
from tasks.data.files import report_read_errors
from tasks.series.timestamps import read_timestamp

LARGEST = 1 << 30  # bytes of a file: a gigabyte of text is held as about half as many of numbers
MISSING = frozenset({"", "-", "?", "na", "n/a", "nan", "none", "null"})  # in any case: a value that is not there
ENCODINGS: Mapping[str, str] = {"utf-8": "utf-8-sig", "latin-1": "latin-1"}


@dataclass(frozen=True)
class CsvFormat:
    """How a CSV file is to be read: `inputs` None takes every column; `date` None, the first one if it is no number."""

    target: str
    inputs: Sequence[str] | None
    date: str | None
    date_format: str | None
    separator: str
    encoding: str


@dataclass(frozen=True)
class CsvRows:
    """What a CSV file holds: columns' names, the target first; values (N, I) with NaN for what is missing.

    times: one a row, or none if there is no column of dates. lines: where each row ends in the file, for sentences.
    """

    columns: tuple[str, ...]
    values: NDArray[np.float64]
    times: Sequence[datetime]
    lines: Sequence[int]


def read_csv(path: Path, form: CsvFormat) -> CsvRows:
    """Return the rows of a CSV file whose first line names its columns.

    Raises:
        UserError: the file cannot be read, is too large, or a line, a name or a value in it is not what it must be.
    """
    with report_read_errors(path):
        if (size := path.stat().st_size) > LARGEST:
            raise UserError(f"{path} has {size:,} bytes; at most {LARGEST:,} are read.")
        try:
            with path.open(encoding=ENCODINGS[form.encoding], newline="") as file:
                reader = csv.reader(file, delimiter=form.separator, strict=True)
                return _parse(((reader.line_num, cells) for cells in reader if cells), path.name, form)
        except UnicodeDecodeError as error:
            byte = error.object[error.start]
            raise UserError(
                f"{path} is not {form.encoding}: it holds the byte 0x{byte:02x}; "
                f"perhaps task.encoding=latin-1 is right."
            ) from None
        except csv.Error as error:
            raise UserError(f"{path} is not a CSV file: {error}.") from None


def _parse(rows: Iterator[tuple[int, list[str]]], name: str, form: CsvFormat) -> CsvRows:
    """Return the rows of a file from its line numbers and cells."""
    header = [column.strip() for column in next(rows, (0, []))[1]]
    _check_header(header, name, form)
    begin = next(rows, None)
    if begin is None:
        raise UserError(f"{name} has no row below its first line.")
    date = _date_column(header, begin[1], form)
    columns = _columns(header, date, name, form)
    place_of = {column: place for place, column in enumerate(header)}
    places = [place_of[column] for column in columns]
    values, times, lines = array("d"), [], []
    for line, cells in chain([begin], rows):
        if len(cells) != len(header):
            raise UserError(f"{name} has {len(cells)} cells in line {line}, and {len(header)} columns.")
        values.extend([_number(cells[place], header[place], name, line) for place in places])
        if date is not None:
            times.append(_time(cells[place_of[date]], date, name, line, form.date_format))
        lines.append(line)
    return CsvRows(columns, np.array(values).reshape(-1, len(columns)), times, lines)


def _check_header(header: Sequence[str], name: str, form: CsvFormat) -> None:
    if not any(header):
        raise UserError(f"{name} is empty; its first line must name its columns.")
    twice = [column for column, count in Counter(header).items() if count > 1]
    if twice:
        raise UserError(f"{name} has two columns called {twice[0]!r}.")
    for column in (form.target, *(form.inputs or ()), *([] if form.date is None else [form.date])):
        if column not in header:
            raise unknown(f"column in {name}", column, header)


def _date_column(header: Sequence[str], first: Sequence[str], form: CsvFormat) -> str | None:
    """Return which column holds the dates: the one that is named, or the first one if it is not of numbers."""
    if form.date is not None or header[0] in (form.target, *(form.inputs or ())):
        return form.date
    try:
        _number(first[0], header[0], "", 0)
    except UserError:
        return header[0]
    return None


def _columns(header: Sequence[str], date: str | None, name: str, form: CsvFormat) -> tuple[str, ...]:
    """Return the target and the columns beside it, in the file's order."""
    if form.target == date:
        raise UserError(f"task.target is {form.target!r}, the column of dates of {name}.")
    wanted = [column for column in header if form.inputs is None or column in form.inputs]
    others = [column for column in wanted if column not in (form.target, date)]
    if "" in others:
        raise UserError(f"Column {header.index('') + 1} of {name} has no name; say in task.inputs which to use.")
    return form.target, *others


def _number(text: str, column: str, name: str, line: int) -> float:
    """Return a cell's number, NaN where it is missing."""
    text = text.strip()
    if text.lower() in MISSING:
        return math.nan
    try:
        number = math.inf if "_" in text else float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise UserError(
            f"Column {column!r} of {name} holds {text[:40]!r} in line {line}, which is no number; "
            f"say in task.inputs which columns to use."
        )
    return number


def _time(text: str, column: str, name: str, line: int, pattern: str | None) -> datetime:
    try:
        return read_timestamp(text, pattern)
    except ValueError:
        form = "a date in ISO 8601; task.date_format can give another form" if pattern is None else f"of form {pattern}"
        raise UserError(
            f"Column {column!r} of {name} holds {text[:40]!r} in line {line}, which is not {form}."
        ) from None
