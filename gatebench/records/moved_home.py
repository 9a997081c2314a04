"""A home that was moved or copied: the addresses of files in its sqlite file follow it.

MLflow stores the absolute address of the files of each experiment, run and model. After `cp -r a b` the copy would
write its files into `a`. The sqlite file of a home contains the folder in which the home was last, in a tag of MLflow's
experiment "Default". If the home is now in another folder, the addresses below the former folder are changed in one
transaction. Addresses elsewhere stay. So do addresses of files that exist in the former folder and not in the home: an
earlier version wrote them there after the home was copied.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from gatebench.errors import UserError
from gatebench.records.address import local_folder
from gatebench.records.home import Home

HOME_TAG = "gatebench.home"
"""The tag of the experiment "Default" with the folder in which the home was last."""

_ADDRESSES = (("experiments", "artifact_location"), ("runs", "artifact_uri"), ("logged_models", "artifact_location"))
_DEFAULT_EXPERIMENT = 0
_WAIT_SECONDS = 60.0


def relocate(home: Home) -> int:
    """Change the addresses of files in the home's sqlite file if the home was moved or copied, and return their number.

    Raises:
        UserError: the sqlite file cannot be used, or the home was moved and cannot be written to.
    """
    root = home.root.absolute()
    try:
        with closing(sqlite3.connect(home.database, timeout=_WAIT_SECONDS, isolation_level=None)) as connection:
            return 0 if _recorded_root(connection) == str(root) else _relocate(connection, root)
    except sqlite3.Error as error:
        raise UserError(f"The records in the home {home.root} cannot be used: {error}.") from None


def _relocate(connection: sqlite3.Connection, root: Path) -> int:
    try:
        connection.execute("BEGIN IMMEDIATE")
        former = _former_root(connection, root)
        moved = 0 if former is None else _change_addresses(connection, former, root)
        connection.execute(
            "INSERT OR REPLACE INTO experiment_tags (key, value, experiment_id) VALUES (?, ?, ?)",
            (HOME_TAG, str(root), _DEFAULT_EXPERIMENT),
        )
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
        if _former_root(connection, root) is not None:
            raise
        return 0  # the file can only be read, and the home was not moved
    return moved


def _former_root(connection: sqlite3.Connection, root: Path) -> Path | None:
    """Return the folder in which the home was before; None if it was not moved."""
    recorded = _recorded_root(connection)
    former = _root_of_studies(connection, root) if recorded is None else Path(recorded)
    return None if former is None or _is_same(former, root) else former


def _recorded_root(connection: sqlite3.Connection) -> str | None:
    query = "SELECT value FROM experiment_tags WHERE key = ? AND experiment_id = ?"
    found = connection.execute(query, (HOME_TAG, _DEFAULT_EXPERIMENT)).fetchone()
    return None if found is None else str(found[0])


def _root_of_studies(connection: sqlite3.Connection, root: Path) -> Path | None:
    """Return the folder in which a home of an earlier version was, from the addresses of its studies.

    It is None if there are no studies, or if a study has its files in the home. Several folders mean that drivers with
    other homes have written to this file; the folder is the one whose runs have their files here.
    """
    locations = connection.execute("SELECT DISTINCT artifact_location FROM experiments").fetchall()
    paths = [path for (location,) in locations if (path := _path(str(location))) is not None]
    roots = {path.parent for path in paths if path.name == "artifacts"}
    if not roots or any(_is_same(other, root) for other in roots):
        return None
    if len(roots) == 1:
        return roots.pop()
    runs = [path for path in map(_path, _values(connection, "runs", "artifact_uri")) if path is not None]
    copied = {
        other for other in roots for run in runs if run.is_relative_to(other) and _moved(run, other, root).exists()
    }
    return min(copied, default=None)


def _change_addresses(connection: sqlite3.Connection, former: Path, root: Path) -> int:
    changes = [
        (table, column, value, new)
        for table, column in _ADDRESSES
        for value in set(_values(connection, table, column))
        if (new := _new_address(value, former, root)) is not None
    ]
    for table, column, value, new in changes:
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (new, value))
    return len(changes)


def _new_address(value: str, former: Path, root: Path) -> str | None:
    """Return the address in the home; None if the address does not change."""
    path = _path(value)
    if path is None or not path.is_relative_to(former):
        return None
    new = _moved(path, former, root)
    if path != former / "artifacts" and path.exists() and not new.exists():
        return None
    return new.as_uri() if value.startswith("file:") else str(new)


def _values(connection: sqlite3.Connection, table: str, column: str) -> Iterator[str]:
    rows = connection.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL").fetchall()
    return (str(value) for (value,) in rows)


def _moved(path: Path, former: Path, root: Path) -> Path:
    return root / path.relative_to(former)


def _path(address: str) -> Path | None:
    """Return the folder of an address; None if it is not on this file system, or leads out of its folder."""
    path = local_folder(address)
    return None if path is None or ".." in path.parts else path


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two paths lead to one folder, for example through a symbolic link."""
    try:
        return one == other or one.samefile(other)
    except OSError:
        return False
