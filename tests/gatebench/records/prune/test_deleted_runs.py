from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.prune.deleted_runs import deleted_runs, files_of_deleted_runs, journals_of_deleted_runs
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain
from tests.gatebench.records.exchange.weights import small_weights
from tests.launch.trials import outcome, trial


def test_files_and_journals_of_deleted_runs_are_found(tmp_path: Path) -> None:
    home = Home(tmp_path)
    record, spool = Record(home, "mine"), Spool(home, "mine", home.tracking_uri)
    for number, seed in enumerate((0, 1)):
        one = trial(seed=seed)
        spool.begin(one, f"00000000000{number}", Owner("owner0", "machine", 12), 1000.0 + seed)
        spool.end(f"00000000000{number}", outcome(one, files={"weights.safetensors": small_weights()}))
    drain = StudyDrain(record, spool)
    assert drain.round()
    drain.close()
    assert list(files_of_deleted_runs(home)) == list(journals_of_deleted_runs(home)) == []
    (run,) = record.client.search_runs([record.experiment_id], f"tags.digest = '{trial(seed=0).digest}'")
    record.client.delete_run(run.info.run_id)
    found = list(files_of_deleted_runs(home))
    assert found[0] == home.artifacts / run.info.run_id
    assert [path.parent for path in found[1:]] == [home.artifacts / "models"]
    assert all(path.is_dir() for path in found)
    assert [path.name for path in journals_of_deleted_runs(home)] == ["000000000000"]
    for journal in spool.folder.compact_journals():
        journal.write_bytes(b"damaged")
    assert list(journals_of_deleted_runs(home)) == []


def test_a_home_without_records_has_none(tmp_path: Path) -> None:
    assert deleted_runs(Home(tmp_path)) == (frozenset(), frozenset())


def test_an_id_that_is_a_path_is_ignored(tmp_path: Path) -> None:
    import sqlite3

    with sqlite3.connect(tmp_path / "mlflow.db") as connection:
        connection.execute("CREATE TABLE runs (run_uuid TEXT, lifecycle_stage TEXT)")
        connection.execute("CREATE TABLE logged_models (model_id TEXT, source_run_id TEXT, lifecycle_stage TEXT)")
        for run in ("../../precious", "", "a" * 32):
            connection.execute("INSERT INTO runs VALUES (?, 'deleted')", (run,))
        connection.execute("INSERT INTO logged_models VALUES ('../x', '', 'deleted')")
    connection.close()
    assert deleted_runs(Home(tmp_path)) == (frozenset({"a" * 32}), frozenset())


def test_a_damaged_database_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(UserError, match="file is not a database"):
        deleted_runs(Home(tmp_path))
