"""The requests of a drain to a sqlite store, as plain SQL: MLflow's client needs ten times as long for the same rows.

The rows are those that MLflow 3.17 writes; a test compares all tables. A store with other columns, of another version
of MLflow, is written to by the client.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from gatebench.errors import UserError
from gatebench.outcome import RESULTS, Epoch
from gatebench.records import mlflow_entry, mlflow_model
from gatebench.records.address import is_server, local_folder, sqlite_file
from gatebench.records.mlflow_data import INPUT_TAG, dataset_input
from gatebench.records.record import Record
from gatebench.records.run_content import RunContent
from gatebench.records.spool.attempt_folder import check_file_name
from gatebench.records.spool.run_requests import RunRequests, StoredRun, milliseconds
from gatebench.records.spool.server_requests import ServerRequests
from gatebench.records.spool.sqlite_rows import add_link, has_expected_columns, insert, write_metrics

_BUSY_SECONDS = 60.0
_READY = 2  # the number of MLflow's status of a model that is complete

_SEARCH = """
SELECT runs.run_uuid, runs.status,
    (SELECT value FROM tags WHERE run_uuid = runs.run_uuid AND key = 'attempt'),
    (SELECT value FROM tags WHERE run_uuid = runs.run_uuid AND key = 'owner'),
    (SELECT value FROM tags WHERE run_uuid = runs.run_uuid AND key = 'status')
FROM tags JOIN runs ON runs.run_uuid = tags.run_uuid
WHERE tags.key = ? AND tags.value = ? AND runs.experiment_id = ? AND runs.lifecycle_stage = 'active'
    AND EXISTS (SELECT 1 FROM tags WHERE run_uuid = runs.run_uuid AND key = ? AND value = ?)
    AND EXISTS (SELECT 1 FROM tags WHERE run_uuid = runs.run_uuid AND key = 'cell_digest')
ORDER BY runs.start_time DESC, runs.run_uuid
"""


def requests_of(record: Record) -> RunRequests:
    """Return the requests to a store: as SQL if it is a sqlite file of the expected form, else over the client.

    Raises:
        UserError: the study's experiment belongs to another program.
        MlflowException: the store does not answer. Other errors of the store are possible.
    """
    _ = record.experiment_id  # it is created, and an experiment of another program is refused
    if sqlite_file(record.uri) is not None:
        requests = SqliteRequests(record)
        if requests.is_usable():
            return requests
    return ServerRequests(record) if is_server(record.uri) else RunRequests(record)


class SqliteRequests(RunRequests):
    """The requests for the runs of one study in a sqlite file, as plain SQL.

    Each method that writes makes one transaction, or many together make one in a block of `together`. Ids follow from
    the attempt, so every method may be called again, also `create`.

    Args:
        record: the records of the study. Its file has MLflow's tables.
    """

    chooses_ids = True

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        file = sqlite_file(record.uri)
        assert file is not None
        self._file = file
        self._experiment = int(record.experiment_id)
        self._shared: sqlite3.Connection | None = None
        self._record.colours(())  # MLflow reads them now: it could not do so during a transaction

    def is_usable(self) -> bool:
        """Return whether the tables have the columns that are written here and no others, and files are kept here."""
        with self._connected() as connection:
            return local_folder(self._location(connection)) is not None and has_expected_columns(connection)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make one transaction of all requests in the block, which is taken back if the block raises an error.

        Only one process can write at a time, so a block should end soon.
        """
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._shared = connection
            try:
                yield
            finally:
                self._shared = None
            connection.execute("COMMIT")

    @contextmanager
    def one_of_many(self) -> Iterator[None]:
        """Take back the requests in the block if it raises an error, but not those before, in a block of `together`."""
        assert self._shared is not None, "a block of `together`"
        self._shared.execute("SAVEPOINT attempt")
        try:
            yield
        except Exception:
            self._shared.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._shared.execute("RELEASE attempt")

    def create(self, content: RunContent, when: float) -> str:
        """Create a run and return its id. It does nothing if the run is there."""
        run = self._id_of("run", content)
        tags = {**content.tags, **self._record.colour_tag(content.tags["cell"]), "mlflow.runName": content.name}
        with self._transaction() as connection:
            row = {
                "run_uuid": run,
                "name": content.name,
                "source_type": "UNKNOWN",
                "source_name": "",
                "entry_point_name": "",
                "user_id": tags.get("mlflow.user", "unknown"),
                "status": "RUNNING",
                "start_time": milliseconds(when),
                "end_time": None,
                "source_version": "",
                "lifecycle_stage": "active",
                "artifact_uri": f"{self._location(connection)}/{run}/artifacts",
                "experiment_id": self._experiment,
                "deleted_time": None,
            }
            insert(connection, "runs", [row], or_ignore=True)
            rows = ({"key": k, "value": v, "run_uuid": run} for k, v in tags.items())
            insert(connection, "tags", rows, or_ignore=True)
        return run

    def runs_of_attempt(self, attempt: str) -> list[str]:
        """Return the ids of the runs that record an attempt, oldest first."""
        return [run.run for run in reversed(self._runs("attempt", attempt))]

    def runs_of_trial(self, digest: str) -> list[StoredRun]:
        """Return the runs of a trial, newest first."""
        return self._runs("digest", digest)

    def open(self, run: str, content: RunContent) -> None:
        """Write the params, the dataset and the first files of a run."""
        with self._transaction() as connection:
            self._check_active(connection, run)
            params = ({"key": k, "value": v, "run_uuid": run} for k, v in content.params.items())
            insert(connection, "params", params, or_ignore=True)
            self._add_dataset(connection, run, content)
        self.write_files(run, {name: text.encode() for name, text in content.files.items()})

    def write_epochs(self, run: str, epochs: Sequence[Epoch]) -> None:
        """Write the metrics of epochs."""
        with self._transaction() as connection:
            self._check_active(connection, run)
            write_metrics(
                connection,
                run,
                (
                    (name, value, milliseconds(epoch.when), epoch.epoch)
                    for epoch in epochs
                    for name, value in mlflow_entry.epoch_metrics(epoch.metrics).items()
                ),
            )

    def write_end(self, run: str, metrics: Mapping[str, float], tags: Mapping[str, str], when: float) -> None:
        """Write the final metrics and the tags of an outcome. The run stays open."""
        with self._transaction() as connection:
            self._check_active(connection, run)
            write_metrics(connection, run, ((name, value, milliseconds(when), 0) for name, value in metrics.items()))
            connection.executemany(
                "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?) "
                "ON CONFLICT (key, run_uuid) DO UPDATE SET value = excluded.value",
                [(key, value, run) for key, value in tags.items()],
            )

    def close(self, run: str, state: str, when: float) -> None:
        """Close a run."""
        with self._transaction() as connection:
            self._check_active(connection, run)
            connection.execute(
                "UPDATE runs SET status = ?, end_time = ? WHERE run_uuid = ?", (state, milliseconds(when), run)
            )

    def write_files(self, run: str, files: Mapping[str, bytes]) -> None:
        """Write files of a run."""
        with self._connected() as connection:
            location = self._check_active(connection, run)
        folder = _folder_at(location)
        for name, content in files.items():
            _write_file(folder / check_file_name(name), content)

    def create_model(self, run: str, content: RunContent) -> str:
        """Return the id of the logged model of a run. `write_model` writes its rows."""
        return f"m-{self._id_of(run, content)}"

    def write_model(self, run: str, model: str, content: RunContent, weights: bytes) -> None:
        """Write the files of the logged model of a run, then its rows."""
        with self._connected() as connection:
            location = f"{self._location(connection)}/models/{model}/artifacts"
        folder = _folder_at(location)
        for name, text in mlflow_model.model_files(run, model, content.config, weights).items():
            _write_file(folder / name, text)
        name, own_tags = mlflow_model.name_and_tags(content.tags)
        now = int(time.time() * 1000)
        key = {"model_id": model, "experiment_id": self._experiment}
        row = {
            **key,
            "name": name,
            "artifact_location": location,
            "creation_timestamp_ms": now,
            "last_updated_timestamp_ms": now,
            "status": _READY,
            "lifecycle_stage": "active",
            "model_type": mlflow_model.MODEL_TYPE,
            "source_run_id": run,
            "status_message": None,
        }
        with self._transaction() as connection:
            self._check_active(connection, run)
            insert(connection, "logged_models", [row], or_ignore=True)
            tags = ({**key, "tag_key": tag, "tag_value": value} for tag, value in own_tags.items())
            insert(connection, "logged_model_tags", tags, or_ignore=True)
            add_link(connection, ("RUN_OUTPUT", run), ("MODEL_OUTPUT", model))

    def is_there(self, run: str) -> bool | None:
        """Return whether a run is in the store; None if it was deleted in MLflow, so that it can be restored."""
        with self._connected() as connection:
            row = connection.execute("SELECT lifecycle_stage FROM runs WHERE run_uuid = ?", (run,)).fetchone()
        return False if row is None else None if row[0] == "deleted" else True

    def delete(self, run: str) -> None:
        """Delete a run. MLflow can restore it."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE runs SET lifecycle_stage = 'deleted', deleted_time = ? WHERE run_uuid = ?",
                (int(time.time() * 1000), run),
            )

    def _runs(self, key: str, value: str) -> list[StoredRun]:
        condition = (key, value, self._experiment, mlflow_entry.SOURCE, mlflow_entry.PROGRAM)
        with self._connected() as connection:
            rows = connection.execute(_SEARCH, condition).fetchall()
        return [
            StoredRun(run, attempt or "", owner or "", state == "RUNNING", status in RESULTS)
            for run, state, attempt, owner, status in rows
        ]

    def _add_dataset(self, connection: sqlite3.Connection, run: str, content: RunContent) -> None:
        dataset = dataset_input(content.dataset).dataset
        found = connection.execute(
            "SELECT dataset_uuid FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ?",
            (self._experiment, dataset.name, dataset.digest),
        ).fetchone()
        number = found[0] if found else uuid.uuid4().hex
        row = {
            "dataset_uuid": number,
            "experiment_id": self._experiment,
            "name": dataset.name,
            "digest": dataset.digest,
            "dataset_source_type": dataset.source_type,
            "dataset_source": dataset.source,
            "dataset_schema": dataset.schema,
            "dataset_profile": dataset.profile,
        }
        insert(connection, "datasets", [] if found else [row])
        if (link := add_link(connection, ("DATASET", number), ("RUN", run))) is not None:
            key, value = INPUT_TAG
            insert(connection, "input_tags", [{"input_uuid": link, "name": key, "value": value}])

    def _id_of(self, kind: str, content: RunContent) -> str:
        """Return 32 hex digits that follow from the study, the attempt and the trial."""
        attempt = [kind, self._record.study, content.tags["attempt"], content.tags["digest"]]
        return hashlib.sha256(json.dumps(attempt).encode()).hexdigest()[:32]

    def _check_active(self, connection: sqlite3.Connection, run: str) -> str:
        """Return the address of the run's files.

        Raises:
            UserError: the run is missing or was deleted.
        """
        row = connection.execute("SELECT lifecycle_stage, artifact_uri FROM runs WHERE run_uuid = ?", (run,)).fetchone()
        if row is None or row[0] != "active":
            raise UserError(f"The run {run} is not in the records any more.")
        return str(row[1])

    def _location(self, connection: sqlite3.Connection) -> str:
        """Return the address of the experiment's files."""
        found = connection.execute(
            "SELECT artifact_location FROM experiments WHERE experiment_id = ?", (self._experiment,)
        ).fetchone()
        return str(found[0]).rstrip("/")

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        if self._shared is not None:
            yield self._shared
            return
        uri = f"{self._file.absolute().as_uri()}?mode=rw"  # a missing file is not created
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise OSError(f"{self._file}: {error}") from None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._shared is not None:
            yield self._shared
            return
        with self._connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")  # without it, the rows are taken back when the connection is closed


def _folder_at(location: str) -> Path:
    """Return the folder at an address of files.

    Raises:
        UserError: it is not on this machine.
    """
    if (folder := local_folder(location)) is None:
        raise UserError(f"The files of runs cannot be written to {location}.")
    return folder


def _write_file(path: Path, content: bytes) -> None:
    """Write a file. An existing one is replaced as a whole: it may be the only copy of the same content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
