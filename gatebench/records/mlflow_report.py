"""The report of a study in MLflow: a run with the table and the figures of the study. It is not a trial.

It is the newest run of its experiment, so it is the first in MLflow's own order. A new report replaces the old one.
"""

from collections.abc import Mapping

from mlflow.tracking import MlflowClient

from gatebench.records import mlflow_files
from gatebench.records.mlflow_entry import PROGRAM, REPORT_TAG, SOURCE
from gatebench.records.mlflow_page import NOTE_TAG, RUN_COLOUR_TAG

_GREY = "#6b7280"
_LONGEST_DESCRIPTION = 8000  # characters that MLflow allows


def find_report(client: MlflowClient, experiment: str) -> str | None:
    """Return MLflow's id of the newest report of an experiment; None if there is none."""
    return next(iter(_reports(client, experiment)), None)


def write_report(
    client: MlflowClient, experiment: str, study: str, description: str, files: Mapping[str, bytes], user: str
) -> str:
    """Write the report of a study, delete the earlier ones, and return MLflow's id of its run.

    Args:
        client: the connection to MLflow.
        experiment: MLflow's id of the experiment.
        study: the name of the study.
        description: the text on the page of the run, in Markdown.
        files: {name: content} of its files.
        user: the name of the user.
    """
    earlier = _reports(client, experiment)
    tags = {
        REPORT_TAG: study,
        SOURCE: PROGRAM,
        NOTE_TAG: description[:_LONGEST_DESCRIPTION],
        RUN_COLOUR_TAG: _GREY,
        "mlflow.user": user,
    }
    run = client.create_run(experiment, tags=tags, run_name=f"report: {study}").info.run_id
    mlflow_files.write_files(client, run, files)
    client.set_terminated(run)
    for one in earlier:
        client.delete_run(one)
    return str(run)


def _reports(client: MlflowClient, experiment: str) -> list[str]:
    condition = f"tags.`{REPORT_TAG}` != '' and tags.`{SOURCE}` = '{PROGRAM}'"
    return [str(run.info.run_id) for run in client.search_runs([experiment], condition)]
