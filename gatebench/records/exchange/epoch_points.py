"""The metrics of all epochs of a run, read from a sqlite store with plain SQL."""

import sqlite3
from contextlib import closing
from math import nan
from pathlib import Path
from urllib.parse import quote

from gatebench.errors import UserError


def epoch_points(file: Path, run: str) -> list[tuple[str, int, float, int]]:
    """Return (name, step, value, time in milliseconds) of all metrics of a run, by name, step and time.

    Args:
        file: the sqlite file.
        run: MLflow's id of the run.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        address = f"file:{quote(str(file.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            rows = connection.execute(
                """
                SELECT key, step, CASE WHEN is_nan THEN NULL ELSE value END, timestamp
                FROM metrics WHERE run_uuid = ? ORDER BY key, step, timestamp
                """,
                (run,),
            ).fetchall()
    except sqlite3.Error as error:
        raise UserError(f"The records at {file} cannot be used: {error}.") from None
    return [(key, int(step), nan if value is None else float(value), int(when)) for key, step, value, when in rows]
