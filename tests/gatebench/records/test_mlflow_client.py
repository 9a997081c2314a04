import os
from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from gatebench.errors import UserError
from gatebench.records import mlflow_client
from gatebench.records.mlflow_client import connect, readable_errors, search_runs, short_timeouts


def test_the_timeouts_of_the_user_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "77")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with short_timeouts():
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "77"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_an_error_is_one_line_without_credentials() -> None:
    uri = "http://me:secret@127.0.0.1:9"
    with pytest.raises(UserError) as caught, readable_errors(uri):
        raise MlflowException(f"The request to {uri} failed.\nMore.")
    assert str(caught.value) == (
        "The records at http://127.0.0.1:9 cannot be used: The request to http://127.0.0.1:9 failed."
    )


def test_an_address_that_is_not_allowed_is_refused_before_mlflow_sees_it() -> None:
    with pytest.raises(UserError, match="There is no kind 'ftp' of tracking_uri"):
        connect("ftp://127.0.0.1/records")


def test_a_search_returns_the_runs_of_all_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client: MlflowClient = connect(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.create_experiment("mine")
    created = [client.create_run(experiment, start_time=number + 1).info.run_id for number in range(5)]
    monkeypatch.setattr(mlflow_client, "_RUNS_PER_REQUEST", 2)
    found = search_runs(client, [experiment], "attributes.status = 'RUNNING'")
    assert [run.info.run_id for run in found] == created[::-1]


def test_mlflow_prints_no_links_between_the_lines_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    """MLflow prints the link of each run that ends on a server. With the links it would ask the server for the run."""
    client = MlflowClient("http://127.0.0.1:9")
    client._tracking_client._log_url("a1")
    assert capsys.readouterr().out == ""
