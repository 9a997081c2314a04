"""Rows in MLflow's tables in a sqlite file: how `sqlite_requests` writes them."""

import sqlite3
import uuid
from collections.abc import Iterable, Mapping

from gatebench.records.metric_rows import UPDATE_IF_LATER, latest_rows, metric_rows

_COLUMNS = {
    "runs": "run_uuid name source_type source_name entry_point_name user_id status start_time end_time source_version "
    "lifecycle_stage artifact_uri experiment_id deleted_time",
    "tags": "key value run_uuid",
    "params": "key value run_uuid",
    "metrics": "key value timestamp run_uuid step is_nan",
    "latest_metrics": "key value timestamp step is_nan run_uuid",
    "datasets": "dataset_uuid experiment_id name digest dataset_source_type dataset_source dataset_schema "
    "dataset_profile",
    "inputs": "input_uuid source_type source_id destination_type destination_id step",
    "input_tags": "input_uuid name value",
    "logged_models": "model_id experiment_id name artifact_location creation_timestamp_ms last_updated_timestamp_ms "
    "status lifecycle_stage model_type source_run_id status_message",
    "logged_model_tags": "model_id experiment_id tag_key tag_value",
}
"""The columns that are written."""

_ADD_METRIC = "INSERT OR IGNORE INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)"

_UPDATE_LATEST = f"""
INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)
{UPDATE_IF_LATER}
"""


def has_expected_columns(connection: sqlite3.Connection) -> bool:
    """Return whether the tables have the columns that are written here and no others."""
    return all(
        {row[1] for row in connection.execute(f"PRAGMA table_info({table})")} == set(columns.split())
        for table, columns in _COLUMNS.items()
    )


def insert(
    connection: sqlite3.Connection, table: str, rows: Iterable[Mapping[str, object]], *, or_ignore: bool = False
) -> None:
    """Insert rows into a table.

    Args:
        connection: the connection, in a transaction.
        table: the name of the table.
        rows: {column: value} of each row.
        or_ignore: whether a row is left out if the table has one with its key.
    """
    columns = _COLUMNS[table].split()
    command = f"INSERT {'OR IGNORE ' if or_ignore else ''}INTO {table} ({', '.join(columns)})"
    values = ", ".join("?" * len(columns))
    connection.executemany(f"{command} VALUES ({values})", [[row[column] for column in columns] for row in rows])


def write_metrics(connection: sqlite3.Connection, run: str, metrics: Iterable[tuple[str, float, int, int]]) -> None:
    """Write metrics as (name, value, timestamp, step). Those that are there already stay as they are.

    Raises:
        UserError: MLflow does not allow the name of a metric.
    """
    rows = metric_rows(run, metrics)
    connection.executemany(_ADD_METRIC, rows)
    connection.executemany(_UPDATE_LATEST, latest_rows(rows))


def add_link(connection: sqlite3.Connection, source: tuple[str, str], destination: tuple[str, str]) -> str | None:
    """Link two things in the table of inputs, and return the id of the link; None if they are linked already."""
    found = connection.execute(
        "SELECT 1 FROM inputs WHERE (source_type, source_id, destination_type, destination_id) = (?, ?, ?, ?)",
        (*source, *destination),
    ).fetchone()
    if found:
        return None
    link = uuid.uuid4().hex
    types = {"source_type": source[0], "destination_type": destination[0]}
    ids = {"source_id": source[1], "destination_id": destination[1]}
    insert(connection, "inputs", [{"input_uuid": link, **types, **ids, "step": 0}])
    return link
