"""Addresses of records: which ones are allowed, and how they are printed."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from gatebench.errors import UserError, unknown

SERVERS = ("http", "https")
"""The schemes of an MLflow server."""

DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
"""The schemes of a database that MLflow can use directly."""


def is_server(uri: str) -> bool:
    """Return whether the address is that of an MLflow server. A server chooses where the files of a run are kept."""
    return urlsplit(uri).scheme in SERVERS


def without_credentials(uri: str) -> str:
    """Return the address without user name and password, to be printed.

    Examples:
        >>> without_credentials("https://me:secret@example.org/mlflow")
        'https://example.org/mlflow'
    """
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else uri


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a sqlite address; None for other addresses.

    Examples:
        >>> sqlite_file("sqlite:////data/mlflow.db"), sqlite_file("sqlite:///mlflow.db"), sqlite_file("http://localhost:5000")
        (PosixPath('/data/mlflow.db'), PosixPath('mlflow.db'), None)
    """
    parts = urlsplit(uri)
    return Path(parts.path[1:]) if parts.scheme == "sqlite" else None


def check_address(uri: str) -> None:
    """Check the scheme of the address, and open a sqlite file. A server or another database is not contacted.

    MLflow itself reports such errors after minutes, or in many lines.

    Raises:
        UserError: MLflow cannot use the address.
    """
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in ("", "file"):
        raise UserError(
            f"tracking_uri is {uri!r}. MLflow no longer keeps records in a plain folder; write sqlite:///… instead."
        )
    if scheme not in (*SERVERS, *DATABASES):
        raise unknown("kind", scheme, [*SERVERS, *DATABASES], where="of tracking_uri")
    if (file := sqlite_file(uri)) is not None:
        try:
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("PRAGMA schema_version")
        except sqlite3.Error as error:
            raise UserError(f"The records at {uri} cannot be used: {error}.") from None
