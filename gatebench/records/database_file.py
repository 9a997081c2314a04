"""The sqlite file of a home: whether it is missing although it was there, whether it is damaged, and how it is kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

from gatebench.errors import UserError
from gatebench.records.home import Home

REBUILD = "gatebench drain rebuild=true"
"""The command that makes a new database from the journals in the home."""

_MAGIC = b"SQLite format 3\0"


def check_database(home: Home, uri: str) -> None:
    """Check the sqlite file of a home. Other records are not checked.

    Args:
        home: the home.
        uri: the address of the records.

    Raises:
        UserError: the file is missing although trials were recorded in it, or it is damaged.
    """
    if uri != home.tracking_uri:
        return
    if not home.database.exists():
        if traces := _traces(home):
            raise UserError(
                f"The database {home.database} is missing, but {traces} of its trials are there; put it back, or "
                f"rebuild it with {REBUILD}."
            )
    elif (reason := cut(home.database)) is not None:
        raise damaged(home.database, reason)


def damaged(file: Path, reason: str) -> UserError:
    """Return the error for a damaged database."""
    return UserError(f"The database {file} is damaged ({reason}); rebuild it with {REBUILD}.")


def cut(file: Path) -> str | None:
    """Return why a file is no whole database; None if it is one. Only its first bytes are read."""
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            header = opened.read(100)
    except OSError:
        return None  # the database itself reports it in a better way
    if size == 0:
        return None  # an empty database
    if len(header) < 100 or not header.startswith(_MAGIC):
        return "it is not a database"
    page = int.from_bytes(header[16:18], "big")
    pages = int.from_bytes(header[28:32], "big")
    is_valid = header[24:28] == header[92:96]  # else an old version of sqlite wrote the file
    if is_valid and size < pages * (65_536 if page == 1 else page):
        return "its end is missing"
    return None


def fault(file: Path) -> str | None:
    """Return the first fault of a database; None if it has none. The whole file is read."""
    if (reason := cut(file)) is not None:
        return reason
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            (first,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return None if first == "ok" else str(first).partition("\n")[0]


def set_aside(file: Path) -> Path:
    """Give a damaged database another name, and return it: "mlflow.db.damaged", "mlflow.db.damaged2" and so on.

    Raises:
        UserError: the folder cannot be written to.
    """
    number = 1
    while (target := file.with_name(f"{file.name}.damaged{'' if number == 1 else number}")).exists():
        number += 1
    try:
        file.rename(target)
        for suffix in ("-journal", "-wal", "-shm"):
            side = file.with_name(file.name + suffix)
            if side.exists():
                side.rename(target.with_name(target.name + suffix))
    except OSError as error:
        raise UserError(f"The database {file} cannot be renamed: {error.strerror or error}.") from None
    return target


def _traces(home: Home) -> str:
    """Return the things in the home that only trials in the database leave behind, in words; "" if there are none."""
    found = []
    if next(home.spool.glob("*/done/*"), None) is not None:
        found.append("journals")
    if home.artifacts.is_dir() and next(home.artifacts.iterdir(), None) is not None:
        found.append("files")
    return " and ".join(found)
