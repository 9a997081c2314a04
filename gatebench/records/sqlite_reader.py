"""Reads studies from a sqlite store of MLflow with plain SQL.

MLflow takes a second to be imported, and a request for all runs reads everything that the runs have, also the values of
each epoch. Plans and tables need the tags, the params and the final metrics. This module reads nothing else, and it
never writes: the database is opened read-only.

The results are equal to those of `gatebench.records.record.Record`, which reads through MLflow.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records import mlflow_entry
from gatebench.records.mlflow_study import STUDY_TAG, deleted_study
from gatebench.records.open_run import OpenRun
from gatebench.study import Study

BUSY_SECONDS = 30.0
"""The longest time that a reader waits while another process writes."""

Values = dict[str, dict[str, str]]
"""{id of a run: {key: value}}."""


class SqliteReader:
    """Reads the studies in the sqlite file of a store.

    Args:
        file: the path of the file, which exists.

    Raises:
        UserError: every method raises it if the file is not a store of MLflow, or cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def study_names(self) -> list[str]:
        """Return the names of the studies, those that were changed last first."""
        with self._connection() as connection:
            if _is_empty(connection):
                return []
            rows = connection.execute(
                """
                SELECT name FROM experiments
                WHERE lifecycle_stage = 'active' AND (
                    EXISTS (SELECT 1 FROM experiment_tags AS t WHERE t.experiment_id = experiments.experiment_id
                            AND t.key = ?)
                    OR EXISTS (SELECT 1 FROM runs
                               JOIN tags AS s ON s.run_uuid = runs.run_uuid AND s.key = ? AND s.value = ?
                               JOIN tags AS c ON c.run_uuid = runs.run_uuid AND c.key = 'cell_digest' AND c.value != ''
                               WHERE runs.experiment_id = experiments.experiment_id
                               AND runs.lifecycle_stage = 'active'))
                ORDER BY last_update_time DESC, experiment_id
                """,
                (STUDY_TAG, mlflow_entry.SOURCE, mlflow_entry.PROGRAM),
            )
            return [name for (name,) in rows]

    def study_declaration(self, study: str) -> Study | None:
        """Return the declaration of a study; None if there is no study, or an earlier version made it.

        Raises:
            UserError: it cannot be read, or the study was deleted.
        """
        with self._connection() as connection:
            return _declaration(connection, _experiment(connection, study))

    def outcomes(self, study: str) -> list[Outcome]:
        """Return the outcomes of a study's trials, oldest first, without those that run."""
        return [outcome for _, outcome in self.read(study)[1]]

    def read(self, study: str) -> tuple[Study | None, list[tuple[str, Outcome]]]:
        """Return the declaration of a study, and the attempts with their outcomes, oldest first, from one moment.

        The name of an attempt is "" in records of earlier versions.
        """
        with self._connection() as connection:
            experiment = _experiment(connection, study)
            declaration = _declaration(connection, experiment)
            return declaration, [] if experiment is None else list(_outcomes(connection, experiment))

    def open_runs(self, study: str) -> list[OpenRun]:
        """Return the runs of a study's trials that have no end, in the order of their start."""
        with self._connection() as connection:
            experiment = _experiment(connection, study)
            return [] if experiment is None else list(_open_runs(connection, experiment))

    def tag_pairs(self, study: str, first: str, second: str) -> list[tuple[str, str]]:
        """Return the values of two tags of each run of a study that has both, oldest first, with those that run."""
        with self._connection() as connection:
            experiment = _experiment(connection, study)
            if experiment is None:
                return []
            rows = connection.execute(
                """
                SELECT a.value, b.value FROM runs
                JOIN tags AS a ON a.run_uuid = runs.run_uuid AND a.key = ?
                JOIN tags AS b ON b.run_uuid = runs.run_uuid AND b.key = ?
                WHERE experiment_id = ? AND lifecycle_stage = 'active'
                ORDER BY start_time, runs.run_uuid DESC
                """,
                (first, second, experiment),
            )
            return [(one, other) for one, other in rows if one and other]

    def curves(self, study: str, metric: str, most: int) -> dict[str, list[float]]:
        """Return the values of a metric in each epoch, by the digest of the trial, of the newest run of each trial.

        Args:
            study: the name of the study.
            metric: the name of the metric, for example "val/accuracy".
            most: the largest number of curves; those of the newest trials are returned.
        """
        with self._connection() as connection:
            experiment = _experiment(connection, study)
            newest = {} if experiment is None else _newest_runs_with(connection, experiment, metric)
            return {digest: _curve(connection, run, metric) for digest, run in list(newest.items())[-most:]}

    def has_report(self, study: str) -> bool:
        """Return whether a study has a report."""
        with self._connection() as connection:
            experiment = _experiment(connection, study)
            if experiment is None:
                return False
            rows = connection.execute(
                """
                SELECT 1 FROM runs
                JOIN tags AS r ON r.run_uuid = runs.run_uuid AND r.key = ? AND r.value != ''
                JOIN tags AS s ON s.run_uuid = runs.run_uuid AND s.key = ? AND s.value = ?
                WHERE experiment_id = ? AND lifecycle_stage = 'active' LIMIT 1
                """,
                (mlflow_entry.REPORT_TAG, mlflow_entry.SOURCE, mlflow_entry.PROGRAM, experiment),
            )
            return rows.fetchone() is not None

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Yield a read-only connection that sees the file as it was at the first request."""
        try:
            address = f"file:{quote(str(self._file.absolute()))}?mode=ro"
            with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
                connection.execute("BEGIN")
                yield connection
        except sqlite3.OperationalError as error:
            if not str(error).startswith(("no such table", "no such column")):
                raise self._unusable(error) from None
            raise UserError(
                f"The records at {self._file} were written by a version of MLflow with another schema ({error}), and "
                "cannot be read; mlflow db upgrade converts records of an earlier version."
            ) from None
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def _unusable(self, error: sqlite3.Error) -> UserError:
        return UserError(f"The records at {self._file} cannot be used: {error}.")


def _is_empty(connection: sqlite3.Connection) -> bool:
    """Return whether the database has no tables: the process that created it ended before MLflow wrote to it."""
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None


def _experiment(connection: sqlite3.Connection, study: str) -> int | None:
    """Return MLflow's id of the experiment of a study; None if there is none.

    Raises:
        UserError: it was deleted.
    """
    if _is_empty(connection):
        return None
    request = "SELECT experiment_id, lifecycle_stage FROM experiments WHERE name = ?"
    row = connection.execute(request, (study,)).fetchone()
    if row is None:
        return None
    if row[1] == "deleted":
        raise deleted_study(study)
    return int(row[0])


def _declaration(connection: sqlite3.Connection, experiment: int | None) -> Study | None:
    request = "SELECT value FROM experiment_tags WHERE experiment_id = ? AND key = ?"
    row = connection.execute(request, (experiment, STUDY_TAG)).fetchone() if experiment is not None else None
    return None if row is None or row[0] is None else Study.from_json(row[0])


def _outcomes(connection: sqlite3.Connection, experiment: int) -> Iterator[tuple[str, Outcome]]:
    """Yield the attempts and the outcomes of the trials of an experiment, oldest first."""
    runs = connection.execute(
        """
        SELECT run_uuid, status FROM runs
        WHERE experiment_id = ? AND lifecycle_stage = 'active' AND status != 'RUNNING'
        ORDER BY start_time, run_uuid DESC
        """,
        (experiment,),
    ).fetchall()
    tags, params = _tags(connection, experiment), _params(connection, experiment)
    metrics = _final_metrics(connection, experiment)
    for run, status in runs:
        own = tags.get(run, {})
        if mlflow_entry.is_trial_run(own):
            outcome = mlflow_entry.read_outcome(status, own, metrics.get(run, {}), params.get(run, {}))
            yield own.get("attempt", ""), outcome


def _newest_runs_with(connection: sqlite3.Connection, experiment: int, metric: str) -> dict[str, str]:
    """Return {digest: id of its newest ended run} of the trials that have a metric, oldest first."""
    rows = connection.execute(
        """
        SELECT d.value, runs.run_uuid FROM runs
        JOIN tags AS d ON d.run_uuid = runs.run_uuid AND d.key = 'digest'
        JOIN tags AS c ON c.run_uuid = runs.run_uuid AND c.key = 'cell_digest'
        JOIN tags AS s ON s.run_uuid = runs.run_uuid AND s.key = ? AND s.value = ?
        JOIN latest_metrics AS m ON m.run_uuid = runs.run_uuid AND m.key = ?
        WHERE experiment_id = ? AND lifecycle_stage = 'active' AND status != 'RUNNING'
        ORDER BY start_time, runs.run_uuid DESC
        """,
        (mlflow_entry.SOURCE, mlflow_entry.PROGRAM, metric, experiment),
    )
    return dict(rows.fetchall())


def _curve(connection: sqlite3.Connection, run: str, metric: str) -> list[float]:
    request = "SELECT step, value, is_nan FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY step, timestamp, rowid"
    rows = connection.execute(request, (run, metric))
    return mlflow_entry.curve(_Point(step, float("nan") if is_nan else value) for step, value, is_nan in rows)


@dataclass
class _Point:
    """The value of a metric in an epoch."""

    step: int
    value: float


def _open_runs(connection: sqlite3.Connection, experiment: int) -> Iterator[OpenRun]:
    runs = connection.execute(
        """
        SELECT run_uuid, name, start_time FROM runs
        WHERE experiment_id = ? AND lifecycle_stage = 'active' AND status = 'RUNNING'
        ORDER BY start_time, run_uuid
        """,
        (experiment,),
    ).fetchall()
    for run, name, began in runs:
        tags: dict[str, str] = dict(connection.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run,)))
        if mlflow_entry.is_trial_run(tags):
            params: dict[str, str] = dict(
                connection.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run,))
            )
            request = "SELECT max(step) + 1 FROM latest_metrics WHERE run_uuid = ? AND key GLOB 'train/*'"
            (epochs,) = connection.execute(request, (run,)).fetchone()
            request = "SELECT value FROM latest_metrics WHERE run_uuid = ? AND key = ? AND NOT is_nan"
            row = connection.execute(request, (run, f"val/{tags.get('metric', '')}")).fetchone()
            score = None if row is None else float(row[0])
            yield OpenRun.of(name or "", (began or 0) / 1000, tags, params, epochs or 0, score)


def _tags(connection: sqlite3.Connection, experiment: int) -> Values:
    """Return the tags of all ended runs of an experiment, without those that only MLflow's pages need."""
    where = "AND (tags.key = ? OR tags.key NOT GLOB 'mlflow.*')"
    return _values(connection, "tags", "value", where, (experiment, mlflow_entry.SOURCE))


def _params(connection: sqlite3.Connection, experiment: int) -> Values:
    return _values(connection, "params", "value", "", (experiment,))


def _final_metrics(connection: sqlite3.Connection, experiment: int) -> dict[str, dict[str, float]]:
    """Return the last values of the metrics of all ended runs of an experiment, without those of epochs."""
    where = " ".join("AND latest_metrics.key NOT GLOB ?" for _ in mlflow_entry.EPOCH_METRICS)
    patterns = [f"{start}*" for start in mlflow_entry.EPOCH_METRICS]
    value = "CASE WHEN is_nan THEN NULL ELSE value END"
    found = _values(connection, "latest_metrics", value, where, (experiment, *patterns))
    return {
        run: {key: float("nan") if value is None else float(value) for key, value in own.items()}
        for run, own in found.items()
    }


def _values(connection: sqlite3.Connection, table: str, value: str, where: str, parameters: Sequence[object]) -> Values:
    """Return the keys and values of a table for the ended runs of an experiment.

    The runs are read one after another with the help of the index on run_uuid, in the order in which MLflow reads them.
    """
    rows = connection.execute(
        f"""
        SELECT runs.run_uuid, {table}.key, {value}
        FROM runs CROSS JOIN {table} ON {table}.run_uuid = runs.run_uuid
        WHERE runs.experiment_id = ? AND runs.lifecycle_stage = 'active' AND runs.status != 'RUNNING' {where}
        """,
        parameters,
    )
    values: Values = {}
    for run, key, content in rows:
        values.setdefault(run, {})[key] = content
    return values
