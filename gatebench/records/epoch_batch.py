"""The body of a request that brings epochs of several runs to a server with gatebench's plugin.

It is JSON: {"runs": {RUN: [[STEP, TIMESTAMP, {NAME: VALUE}], ...]}}. A value that is not a number is written as NaN,
which Python's JSON allows.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gatebench.errors import UserError
from gatebench.records.metric_rows import MetricRow, metric_rows

PATH = "/api/2.0/gatebench/v1/epochs"
"""The path of the requests on the server. Its number changes with the form of the body."""

LARGEST_BODY = 16 * 2**20
"""The largest number of bytes of a body."""

Point = tuple[int, int, Mapping[str, float]]
"""The metrics of an epoch: the step, the time in milliseconds, and the values by name."""

_LARGEST_NUMBER = 2**63


def as_body(runs: Mapping[str, Sequence[Point]]) -> bytes:
    """Return the body of a request.

    Args:
        runs: {MLflow's id of a run: its epochs}.
    """
    return json.dumps({"runs": runs}, separators=(",", ":")).encode()


def read_body(body: bytes) -> tuple[dict[str, list[MetricRow]], dict[str, str]]:
    """Return the rows of the runs in a body.

    Returns:
        {run: rows}, and {run: message} of the runs with an epoch that MLflow does not allow.

    Raises:
        UserError: the body is too large or has another form.
    """
    if len(body) > LARGEST_BODY:
        raise UserError(f"A request with epochs has {len(body):,} bytes; at most {LARGEST_BODY:,} are read.")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise UserError("A request with epochs is not JSON.") from None
    runs = content.get("runs") if isinstance(content, dict) else None
    if not isinstance(runs, dict):
        raise UserError("A request with epochs has no runs.")
    rows: dict[str, list[MetricRow]] = {}
    refused: dict[str, str] = {}
    for run, points in runs.items():
        try:
            rows[run] = metric_rows(run, _metrics(points))
        except UserError as error:
            refused[run] = str(error)
    return rows, refused


def _metrics(points: object) -> Iterable[tuple[str, float, int, int]]:
    """Yield the metrics of a run as (name, value, timestamp, step)."""
    if not isinstance(points, list):
        raise _wrong(points)
    for point in points:
        if not (isinstance(point, list) and len(point) == 3 and isinstance(point[2], dict)):
            raise _wrong(point)
        step, when, values = point
        if not (_is_whole(step) and _is_whole(when) and when >= 0):
            raise _wrong(point[:2])
        for name, value in values.items():
            yield name, _value(value), when, step


def _is_whole(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and -_LARGEST_NUMBER <= number < _LARGEST_NUMBER


def _value(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(value)
    try:
        return float(value)
    except OverflowError:
        raise _wrong("a number of many digits") from None


def _wrong(content: object) -> UserError:
    return UserError(f"A request with epochs has a wrong epoch: {repr(content)[:40]}.")
