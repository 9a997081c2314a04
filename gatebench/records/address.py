"""Addresses of records: which are allowed, and how they are shown to people."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from gatebench.errors import UserError, unknown

SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")


def is_server(uri: str) -> bool:
    """Return whether the records are behind an MLflow server, which knows itself where its files go."""
    return urlsplit(uri).scheme in SERVERS


def without_credentials(uri: str) -> str:
    """Return the address as it may be printed.

    >>> without_credentials("https://me:secret@example.org/mlflow")
    'https://example.org/mlflow'
    """
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else uri


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a sqlite address; None for other addresses.

    >>> sqlite_file("sqlite:////data/mlflow.db"), sqlite_file("sqlite:///mlflow.db"), sqlite_file("http://localhost:5000")
    (PosixPath('/data/mlflow.db'), PosixPath('mlflow.db'), None)
    """
    parts = urlsplit(uri)
    return Path(parts.path[1:]) if parts.scheme == "sqlite" else None


def check(uri: str) -> None:
    """Check that MLflow can use the address, as far as can be told at once.

    Raises:
        UserError: it cannot: MLflow would say so after minutes, or in many lines.
    """
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in ("", "file"):
        raise UserError(
            f"tracking_uri is {uri!r}; MLflow no longer keeps records in a plain folder, write sqlite:///…."
        )
    if scheme not in (*SERVERS, *DATABASES):
        raise unknown("kind of tracking_uri", scheme, [*SERVERS, *DATABASES])
    if (file := sqlite_file(uri)) is not None:
        try:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise UserError(f"The records at {uri} cannot be used: {error}.") from None


@contextmanager
def impatient() -> Iterator[None]:
    """Ask a server twice, not for the four minutes that MLflow allows: the user waits for the answer."""
    hurry = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
    before = {key: os.environ.get(key) for key in hurry}
    os.environ.update(hurry)
    try:
        yield
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.update({key: value})
