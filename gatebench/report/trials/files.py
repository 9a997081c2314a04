"""The trials of a study as the content of a CSV, JSON or Parquet file."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO, StringIO
from math import isfinite

from gatebench.report.trials.rows import Value

Rows = Sequence[Mapping[str, Value]]
"""Rows with the same columns."""


def trials_csv(rows: Rows) -> bytes:
    """Return a line of titles and one line for each trial; empty where there is no value."""
    stream = StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    writer.writerows([_text(value) for value in row.values()] for row in rows)
    return stream.getvalue().encode()


def trials_json(rows: Rows) -> bytes:
    """Return a list of objects. JSON has no infinity and no NaN, so that such values are null."""
    finite = [{name: _finite(value) for name, value in row.items()} for row in rows]
    return (json.dumps(finite, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def trials_parquet(rows: Rows) -> bytes:
    """Return a Parquet file with one column for each value. pyarrow is imported only here: it takes a second."""
    import pyarrow as arrow
    from pyarrow import parquet

    names = list(rows[0]) if rows else []
    columns = {name: arrow.array([row[name] for row in rows]) for name in names}
    file = BytesIO()
    parquet.write_table(arrow.table(columns), file)
    return file.getvalue()


TRIAL_FORMATS: dict[str, Callable[[Rows], bytes]] = {
    "trials-csv": trials_csv,
    "trials-json": trials_json,
    "trials-parquet": trials_parquet,
}
"""The formats with one row a trial, by the name in the setting `format`."""


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not isfinite(value) else value
