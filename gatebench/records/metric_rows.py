"""The rows of metrics in MLflow's tables, for a sqlite file and for a server."""

import math
import posixpath
import re
import sys
from collections.abc import Iterable, Sequence

from gatebench.errors import UserError

MetricRow = tuple[str, float, int, int, bool, str]
"""A row of the tables `metrics` and `latest_metrics`: key, value, timestamp, step, is_nan and run_uuid."""

COLUMNS = ("key", "value", "timestamp", "step", "is_nan", "run_uuid")
"""The columns of the tables `metrics` and `latest_metrics`, in the order of `MetricRow`."""

UPDATE_IF_LATER = """
ON CONFLICT (key, run_uuid) DO UPDATE
SET value = excluded.value, timestamp = excluded.timestamp, step = excluded.step, is_nan = excluded.is_nan
WHERE (excluded.step, excluded.timestamp, excluded.value)
    > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)
"""
"""The end of an SQL command that inserts rows into `latest_metrics`. sqlite and PostgreSQL understand it."""

_NAME = re.compile(r"[/\w.\- :]{1,250}")


def metric_rows(run: str, metrics: Iterable[tuple[str, float, int, int]]) -> list[MetricRow]:
    """Return the rows of metrics that are given as (name, value, timestamp, step).

    MLflow stores NaN as 0 with a mark, and an infinite value as the largest finite one.

    Raises:
        UserError: MLflow does not allow the name of a metric.
    """
    rows = [(key, _stored(value), when, step, math.isnan(value), run) for key, value, when, step in metrics]
    wrong = [key for key in {row[0] for row in rows} if not _is_allowed(key)]
    if wrong:
        raise UserError(f"{wrong[0][:60]!r} is not the name of a metric.")
    return rows


def latest_rows(rows: Sequence[MetricRow]) -> list[MetricRow]:
    """Return the last row of each metric of a run: by step, time and value, as MLflow orders them."""
    latest = {row[0]: row for row in sorted(rows, key=lambda row: (row[3], row[2], row[1]))}
    return list(latest.values())


def _is_allowed(name: str) -> bool:
    """Return whether MLflow allows the name of a metric: a relative path in its shortest form."""
    is_path = posixpath.normpath(name) == name and name != "." and not name.startswith(("/", ".."))
    return is_path and _NAME.fullmatch(name) is not None


def _stored(value: float) -> float:
    if math.isnan(value):
        return 0.0
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else value
