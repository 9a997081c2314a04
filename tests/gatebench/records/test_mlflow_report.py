from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from gatebench.records import mlflow_report
from gatebench.records.mlflow_client import connect
from gatebench.records.mlflow_entry import is_trial_run


@pytest.fixture
def client(tmp_path: Path) -> MlflowClient:
    return connect(f"sqlite:///{tmp_path}/mlflow.db")


def test_a_report_replaces_the_earlier_one_and_is_no_trial(client: MlflowClient, tmp_path: Path) -> None:
    experiment = client.create_experiment("mine", (tmp_path / "artifacts").as_uri())
    foreign = client.create_run(experiment, run_name="a notebook", tags={"gatebench.report": "mine"}).info.run_id
    assert mlflow_report.find_report(client, experiment) is None
    first = mlflow_report.write_report(client, experiment, "mine", "# Table", {"report.html": b"<p>1</p>"}, "me")
    second = mlflow_report.write_report(
        client, experiment, "mine", "x" * 10_000, {"report.html": b"<p>2</p>", "figures/a.svg": b"<svg/>"}, "me"
    )
    assert mlflow_report.find_report(client, experiment) == second
    assert {run.info.run_id for run in client.search_runs([experiment])} == {second, foreign}
    assert client.get_run(first).info.lifecycle_stage == "deleted"
    run = client.get_run(second)
    assert run.info.run_name == "report: mine"
    assert run.info.status == "FINISHED"
    assert not is_trial_run(run.data.tags)
    assert [file.path for file in client.list_artifacts(second)] == ["figures", "report.html"]
