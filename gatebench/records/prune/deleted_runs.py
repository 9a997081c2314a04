"""The runs that the user has deleted in MLflow, read from a sqlite store."""

import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.spool.compact_journal import CompactJournal
from gatebench.records.spool.study_folder import study_folders

_RUN = re.compile(r"[0-9a-f]{32}")
_MODEL = re.compile(r"m-[0-9a-f]{32}")


def deleted_runs(home: Home) -> tuple[frozenset[str], frozenset[str]]:
    """Return MLflow's ids of the deleted runs, and of the models that are deleted or belong to a deleted run.

    Args:
        home: the home with the sqlite file. Without such a file, there are none.

    Raises:
        UserError: the file cannot be read.
    """
    if not home.database.exists():
        return frozenset(), frozenset()
    try:
        address = f"file:{quote(str(home.database.absolute()))}?mode=ro"
        with closing(sqlite3.connect(address, uri=True)) as connection:
            runs = connection.execute("SELECT run_uuid FROM runs WHERE lifecycle_stage = 'deleted'").fetchall()
            models = connection.execute(
                """
                SELECT model_id FROM logged_models LEFT JOIN runs ON runs.run_uuid = logged_models.source_run_id
                WHERE logged_models.lifecycle_stage = 'deleted' OR runs.lifecycle_stage = 'deleted'
                """
            ).fetchall()
    except sqlite3.Error as error:
        raise UserError(f"The records at {home.database} cannot be used: {error}.") from None
    return _matching(runs, _RUN), _matching(models, _MODEL)


def files_of_deleted_runs(home: Home) -> Iterator[Path]:
    """Yield the folders with the files of deleted runs and their models."""
    runs, models = deleted_runs(home)
    yield from (home.artifacts / run for run in runs)
    yield from (home.artifacts / "models" / model for model in models)


def journals_of_deleted_runs(home: Home) -> Iterator[Path]:
    """Yield the compact journals of deleted runs. A journal that cannot be read is left out."""
    runs, _ = deleted_runs(home)
    for study in study_folders(home):
        for path in study.compact_journals():
            try:
                _, stored = CompactJournal(path).end()
            except UserError:
                continue
            if stored.run in runs:
                yield path


def _matching(rows: Iterable[tuple[str]], pattern: re.Pattern[str]) -> frozenset[str]:
    """Return the ids that may be names of folders."""
    return frozenset(name for (name,) in rows if pattern.fullmatch(name))
