"""Sweeps whose records lie on a tracking server with a real PostgreSQL."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
import yaml

from gatebench.records.exchange.archive import open_archive
from launch.main import main
from tests.launch.postgresql_server import PASSWORD, answers, postgresql, tracking_server
from tests.paths import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SWEEP = ["cell=lstm,gru", "seed=0,1", "task=parity", "model.hidden_size=4", "training.max_epochs=2", "study=small"]
SWEEP += ["task.length=8", "task.shortest_test=9", "task.length_test=12", "task.training=64", "task.validation=32"]
SWEEP += ["task.test=32", "workers=1"]
TIMES = ("second",)
"""Columns whose names contain this may differ between two runs of a trial."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with postgresql() as database, tracking_server(database, tmp_path_factory.mktemp("server")) as port:
        yield port


def rows(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, str]]:
    """Return the table of the study without the columns of times."""
    capsys.readouterr()
    assert main(["table", "study=small", "format=csv", f"home={home}", *arguments]) == 0
    table = csv.DictReader(io.StringIO(capsys.readouterr().out))
    return [{key: value for key, value in row.items() if not any(part in key for part in TIMES)} for row in table]


def test_the_table_is_that_of_sqlite(server: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    address = f"tracking_uri=http://localhost:{server}"
    assert main(["sweep", *SWEEP, f"home={tmp_path}/local"]) == 0
    assert main(["sweep", *SWEEP, f"home={tmp_path}/remote", address]) == 0
    ours = rows(tmp_path / "local", capsys)
    assert len(ours) >= 2
    assert rows(tmp_path / "elsewhere", capsys, address) == ours
    assert main(["sweep", *SWEEP, f"home={tmp_path}/third", address]) == 0
    assert "4 trials, 4 done already" in capsys.readouterr().err


def test_a_study_goes_from_the_server_to_a_file_and_back(
    server: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"tracking_uri=http://localhost:{server}"
    assert main(["export-study", "study=small", f"file={tmp_path}/a.zip", f"home={tmp_path}/a", address]) == 0
    assert main(["import-study", f"file={tmp_path}/a.zip", f"home={tmp_path}/b"]) == 0
    assert rows(tmp_path / "b", capsys) == rows(tmp_path / "a", capsys, address)
    copied = ["study=copied", f"home={tmp_path}/c", address]
    assert main(["import-study", f"file={tmp_path}/a.zip", *copied]) == 0
    assert main(["export-study", f"file={tmp_path}/c.zip", *copied]) == 0
    with open_archive(tmp_path / "a.zip") as first, open_archive(tmp_path / "c.zip") as second:
        assert first.digests() == second.digests()
        for digest in first.digests():
            assert first.files(digest) == second.files(digest)
            assert {"gates.npz", "weights.safetensors", "pictures/cell.svg"} <= first.files(digest).keys()
            assert first.trial(digest)["epochs"] == second.trial(digest)["epochs"]
            assert first.trial(digest)["outcome"] == second.trial(digest)["outcome"]


def test_the_health_check_of_compose_finds_a_name_that_is_not_allowed(server: int) -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    probe = compose["services"]["mlflow"]["healthcheck"]["test"][-1]
    exec(probe.replace("http://mlflow:5000", f"http://localhost:{server}"))
    with pytest.raises(HTTPError, match="403"):
        exec(probe.replace("http://mlflow:5000", f"http://127.0.0.1:{server}"))
    assert not answers(f"http://127.0.0.1:{server}")
    with urlopen(f"http://127.0.0.1:{server}/health", timeout=10) as response:
        assert response.status == 200  # so it is no test of the API


def test_a_wrong_password_is_one_sentence_without_it(
    server: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SQLALCHEMYSTORE_MAX_RETRIES", "0")
    assert main(["table", "study=small", f"home={tmp_path}", f"tracking_uri=http://me:{PASSWORD}@localhost:1"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "s3cret" not in errors
