"""A file of each trial of a study in MLflow, for example its gate arrays."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from gatebench.records.mlflow_client import search_runs  # before mlflow: it sets MLflow up

# isort: split
from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from gatebench.records import mlflow_entry
from gatebench.records.exchange.run_files import files_of_run

REQUESTS = 8
"""The number of files that are read at a time: a server answers several requests at once."""


def files_of_trials(client: MlflowClient, uri: str, experiment: str, name: str) -> dict[str, bytes]:
    """Return {digest of a trial: content of a file}, from the newest run of each trial that has the file.

    Args:
        client: the connection to MLflow.
        uri: the address of the records.
        experiment: MLflow's id of the experiment.
        name: the name of the file.

    Raises:
        UserError: a file is too large.
    """
    runs: dict[str, list[Run]] = {}
    for run in search_runs(client, [experiment], "attributes.status != 'RUNNING'"):
        if mlflow_entry.is_trial_run(run.data.tags):
            runs.setdefault(run.data.tags["digest"], []).append(run)

    def newest(own: Sequence[Run]) -> bytes | None:
        return _first_file(client, uri, own, name)

    with ThreadPoolExecutor(REQUESTS) as pool:
        found = zip(runs, pool.map(newest, runs.values()), strict=True)
        return {digest: content for digest, content in found if content is not None}


def _first_file(client: MlflowClient, uri: str, runs: Iterable[Run], name: str) -> bytes | None:
    """Return the file of the first run that has it."""
    for run in runs:
        found = files_of_run(client, uri, run.info.run_id, run.info.artifact_uri, lambda one: one == name)
        if name in found:
            return found[name]
    return None
