"""The tables of MLflow in a sqlite file: all are created in one transaction, or none.

MLflow creates the tables of a new file in some sixty steps, which take seconds. If it is killed in between, or if two
processes do it at the same time, the file is broken for good. Here MLflow creates its tables in memory, and their
definitions are written to the file in one transaction. A process lets MLflow create them once, for all files. Nothing
of MLflow's schema is kept in this repository.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

_WAIT_SECONDS = 60.0
_IN_MEMORY = "sqlite:///:memory:"
_ARTIFACTS = "file:///artifacts-beside-the-database"  # stands for the folder of one database
_VERSION = "alembic_version"
_TABLES_WITH_FIRST_ROWS = (_VERSION, "workspaces")


def create_tables(file: Path) -> None:
    """Create MLflow's tables in a sqlite file that has no tables. A file with tables is not changed.

    If another process creates them at the same time, this one waits for it.

    Raises:
        sqlite3.Error: the file cannot be used.
    """
    with closing(_open(file)) as connection:
        if not _has_tables(connection):
            statements = _new_tables(file)
            with _exclusively(connection):
                if not _has_tables(connection):
                    _execute(connection, statements)


def repair_tables(file: Path) -> bool:
    """Create the tables again if the file contains no record and its tables are incomplete, and return whether it did.

    Earlier versions left such a file if they were killed while MLflow created the tables.

    Raises:
        sqlite3.Error: the file cannot be used.
    """
    statements = _new_tables(file)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        _execute(fresh, statements)
        complete = _definition(fresh)
    with closing(_open(file)) as connection, _exclusively(connection):
        if not _has_tables(connection) or _definition(connection) == complete or _has_records(connection):
            return False
        tables = "SELECT type, name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'"
        for kind, name in connection.execute(tables).fetchall():
            connection.execute(f"DROP {kind} {_quoted(name)}")
        _execute(connection, statements)
        return True


def _new_tables(file: Path) -> list[str]:
    """Return the statements that create MLflow's tables and their first rows, as MLflow does in a new database.

    Args:
        file: the database. MLflow's experiment "Default" would have its files beside it.
    """
    artifacts = (file.absolute().parent / "artifacts").as_uri()
    return [statement.replace(_ARTIFACTS, artifacts) for statement in _statements_of_mlflow()]


@cache
def _statements_of_mlflow() -> tuple[str, ...]:
    """Return the statements of a database whose files would lie in `_ARTIFACTS`."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # its import takes a second

    store = SqlAlchemyStore(_IN_MEMORY, _ARTIFACTS)
    try:
        with store.engine.connect() as connection:
            source = connection.connection.driver_connection
            if not isinstance(source, sqlite3.Connection):
                raise TypeError(f"MLflow uses {type(source).__name__} for sqlite")
            return tuple(line for line in source.iterdump() if line not in ("BEGIN TRANSACTION;", "COMMIT;"))
    finally:
        store.engine.dispose()


def _open(file: Path) -> sqlite3.Connection:
    """Return a connection without transactions of its own."""
    return sqlite3.connect(file, timeout=_WAIT_SECONDS, isolation_level=None)


@contextmanager
def _exclusively(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold the file's lock. All changes in the block are made at its end, or none."""
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _execute(connection: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.execute(statement)


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None


def _has_records(connection: sqlite3.Connection) -> bool:
    """Return whether a table has a row that MLflow does not write into a new database."""
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        first = "experiment_id = 0" if table == "experiments" else str(int(table in _TABLES_WITH_FIRST_ROWS))
        query = f"SELECT 1 FROM {_quoted(table)} WHERE NOT ({first}) LIMIT 1"
        if connection.execute(query).fetchone() is not None:
            return True
    return False


def _definition(connection: sqlite3.Connection) -> tuple[object, ...]:
    """Return the version of the tables, and all names of tables and indices."""
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    versions = connection.execute(f"SELECT * FROM {_VERSION}").fetchall() if _VERSION in names else []
    return (versions, names)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
