from pathlib import Path

import pytest

from gatebench.errors import UserError
from gatebench.records import mlflow_files
from gatebench.records.address import local_folder
from gatebench.records.exchange import run_files
from gatebench.records.exchange.run_files import file_at, files_of_run
from gatebench.records.home import Home
from tests.gatebench.records.writing_record import WritingRecord as Record
from tests.launch.trials import outcome, trial

FILES = {"gates.npz": b"gates", "pictures/cell.svg": b"<svg/>", "other.bin": b"other"}


def test_the_wanted_files_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(Home(tmp_path), "mine")
    record.end(trial(), outcome(trial()))
    (run,) = record.client.search_runs([record.experiment_id])
    number, address = run.info.run_id, run.info.artifact_uri
    mlflow_files.write_files(record.client, number, FILES)
    expected = {name: content for name, content in FILES.items() if name != "other.bin"}
    assert files_of_run(record.client, record.uri, number, address, expected.__contains__) == expected
    folder = local_folder(address)
    assert folder is not None
    (folder / "link").symlink_to(tmp_path / "mlflow.db")
    assert "link" not in files_of_run(record.client, record.uri, number, address, lambda name: True)
    monkeypatch.setattr(run_files, "local_folder", lambda address: None)  # as if they lay on a server
    assert files_of_run(record.client, record.uri, number, address, expected.__contains__) == expected
    assert file_at(record.uri, address, "gates.npz") == b"gates"
    monkeypatch.setattr(run_files, "LARGEST_FILE", 4)
    with pytest.raises(UserError, match=r"The file gates\.npz in the records has 5 bytes"):
        file_at(record.uri, address, "gates.npz")


def test_a_folder_that_is_gone_has_no_files(tmp_path: Path) -> None:
    record = Record(Home(tmp_path), "mine")
    address = (tmp_path / "absent").as_uri()
    assert files_of_run(record.client, record.uri, "0" * 32, address, lambda name: True) == {}
