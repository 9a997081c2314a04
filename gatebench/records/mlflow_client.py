"""The connection to MLflow: the client, short timeouts, and MLflow's errors as messages."""

import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

# MLflow reads these when it is imported.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")  # stdout is for tables
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
# MLflow's defaults: a server that does not answer is asked for up to 8 minutes.
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")

from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from gatebench.errors import UserError
from gatebench.records.address import check_address, hide_credentials, sqlite_file, without_credentials
from gatebench.records.sqlite_schema import create_tables, repair_tables

for _name in ("mlflow", "alembic", "urllib3"):
    logging.getLogger(_name).setLevel(logging.ERROR)
logging.getLogger("mlflow.store.db").setLevel(logging.CRITICAL)  # it prints the traceback of an error that it raises

_SHORT_TIMEOUTS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_former: dict[str, str | None] = {}  # the timeouts before the first block of `short_timeouts`
_blocks = 0  # the number of blocks of `short_timeouts` that run
_lock = Lock()

_RUNS_PER_REQUEST = 5000  # the largest number that MLflow allows


def connect(uri: str) -> MlflowClient:
    """Return a client for the records at an address, after one test request.

    Raises:
        UserError: the address is not allowed.
        MlflowException: the server does not answer; see `readable_errors`.
    """
    check_address(uri)
    file = sqlite_file(uri)
    if file is not None:
        with _sqlite_errors():
            create_tables(file)
    try:
        return _open(uri)
    except (MlflowException, SQLAlchemyError):
        with _sqlite_errors():
            if file is None or not repair_tables(file):
                raise
    return _open(uri)


def _open(uri: str) -> MlflowClient:
    with short_timeouts():
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


@contextmanager
def _sqlite_errors() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(str(error)) from None


@contextmanager
def short_timeouts() -> Iterator[None]:
    """Ask a server at most twice, for 10 seconds each, inside the block. MLflow's default is up to four minutes.

    The setting holds for the process. Several threads may be in such blocks at the same time.
    """
    _change_timeouts(+1)
    try:
        yield
    finally:
        _change_timeouts(-1)


def _change_timeouts(blocks: int) -> None:
    """Set the short timeouts at the start of the first block, and restore the former ones at the end of the last."""
    global _blocks
    with _lock:
        before, _blocks = _blocks, _blocks + blocks
        if before == 0:
            _former.update({key: os.environ.get(key) for key in _SHORT_TIMEOUTS})
            os.environ.update(_SHORT_TIMEOUTS)
        elif _blocks == 0:
            for key, value in _former.items():
                os.environ.pop(key) if value is None else os.environ.update({key: value})


def is_conflict(error: MlflowException) -> bool:
    """Return whether a param was not written because it has another value, or because its run is deleted."""
    causes = ("Changing param values is not allowed", "must be in the 'active' state")
    return error.error_code == "INVALID_PARAMETER_VALUE" and any(cause in str(error) for cause in causes)


@contextmanager
def readable_errors(uri: str) -> Iterator[None]:
    """Raise the errors of MLflow and of its database as a `UserError` without the credentials of the address."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError, ImportError) as error:
        shown = without_credentials(uri)
        reason = hide_credentials(str(error), uri).partition("\n")[0]
        if "Max retries exceeded" in reason:
            reason = "the server cannot be reached"
        if "disk is full" in reason or "No space left" in reason:
            reason = "the disk is full; make space and run the command again"
        raise UserError(f"The records at {shown} cannot be used: {reason.rstrip('.')}.") from None


def search_runs(
    client: MlflowClient, experiments: Sequence[str], condition: str, view: int = ViewType.ACTIVE_ONLY
) -> list[Run]:
    """Return all runs of some experiments that meet a condition in MLflow's search syntax, newest first.

    Args:
        client: the connection to MLflow.
        experiments: MLflow's ids of the experiments.
        condition: the condition.
        view: whether deleted runs are left out, which is the default.
    """
    runs: list[Run] = []
    token: str | None = None
    while token != "":
        page = client.search_runs(list(experiments), condition, view, _RUNS_PER_REQUEST, page_token=token)
        runs, token = [*runs, *page], page.token or ""
    return runs
