"""The files of a run: what is written is read, in any folder of the run, and no more than a limit."""

from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from gatebench.errors import UserError
from gatebench.records import mlflow_files
from gatebench.records.mlflow_files import read_file, write_files


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[MlflowClient, str]:
    folder = tmp_path_factory.mktemp("records")
    client = MlflowClient(tracking_uri=f"sqlite:///{folder}/mlflow.db")
    experiment = client.create_experiment("one", (folder / "artifacts").as_uri())
    return client, client.create_run(experiment).info.run_id


def test_files_come_back_unchanged(run: tuple[MlflowClient, str]) -> None:
    files = {"a.bin": bytes(range(256)), "folder/inner/b.txt": b"", "folder/a.bin": b"another"}
    write_files(*run, files)
    assert {name: read_file(*run, name) for name in files} == files
    write_files(*run, {"a.bin": b"new"})
    assert read_file(*run, "a.bin") == b"new"


@pytest.mark.parametrize("name", ["missing", "folder", "folder/inner", "nowhere/a.bin"])
def test_a_missing_file_is_none(run: tuple[MlflowClient, str], name: str) -> None:
    write_files(*run, {"folder/inner/b.txt": b""})
    assert read_file(*run, name) is None


def test_a_large_file_is_not_read(run: tuple[MlflowClient, str], monkeypatch: pytest.MonkeyPatch) -> None:
    write_files(*run, {"large": b"12345"})
    monkeypatch.setattr(mlflow_files, "LARGEST_FILE", 4)
    with pytest.raises(UserError, match="The file large in the records has 5 bytes; at most 4 are read"):
        read_file(*run, "large")


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../a", "a/../../b"])
def test_a_name_leads_nowhere_else(run: tuple[MlflowClient, str], name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is not the name of a file of a run"):
        read_file(*run, name)
    with pytest.raises(ValueError, match="is not the name of a file of a run"):
        write_files(*run, {name: b""})
    assert list(tmp_path.iterdir()) == []
