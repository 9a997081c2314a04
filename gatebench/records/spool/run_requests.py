"""The requests to MLflow with which a drain writes the runs of a study. Each may be sent again without a change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gatebench.records.mlflow_client import search_runs  # before mlflow: it sets MLflow up

# isort: split
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException

from gatebench.outcome import RESULTS, Epoch
from gatebench.records import mlflow_entry, mlflow_files, mlflow_model
from gatebench.records.mlflow_data import dataset_input
from gatebench.records.record import Record
from gatebench.records.run_content import RunContent

METRICS_PER_REQUEST = 1000
"""The largest number of metrics that MLflow takes in one request."""

_PARAMS_PER_REQUEST = 100


@dataclass(frozen=True)
class StoredRun:
    """A run of a trial in the store.

    Attributes:
        run: MLflow's id of the run.
        attempt: the attempt that it records; "" for runs of earlier versions.
        owner: the name of the process that ran the trial; "" for runs of earlier versions.
        is_open: whether the run is not closed yet.
        has_result: whether its outcome is a result. An open run may have one that was written just now.
    """

    run: str
    attempt: str
    owner: str
    is_open: bool
    has_result: bool


class RunRequests:
    """The requests for the runs of one study.

    Args:
        record: the records of the study.

    Attributes:
        chooses_ids: whether the id of a run follows from its attempt, so that `create` may be sent again.
        metrics_per_request: the number of metrics that `write_epochs` should have at a time.
    """

    chooses_ids = False
    metrics_per_request = METRICS_PER_REQUEST

    def __init__(self, record: Record) -> None:
        self._record = record

    def answers(self) -> bool:
        """Return whether the store answers a small request."""
        try:
            self._record.client.search_experiments(max_results=1)
        except Exception:  # MLflow raises errors of its own, of its database, and of the network
            return False
        return True

    def create(self, content: RunContent, when: float) -> str:
        """Create a run and return its id. This is the only request here that must not be sent twice.

        Args:
            content: the content of the run.
            when: the time at which the trial started, in seconds since 1970.
        """
        tags = {**content.tags, **self._record.colour_tag(content.tags["cell"])}
        run = self._record.client.create_run(self._record.experiment_id, milliseconds(when), tags, content.name)
        return str(run.info.run_id)

    def runs_of_attempt(self, attempt: str) -> list[str]:
        """Return the ids of the runs that record an attempt, oldest first."""
        runs = self._search(f"tags.attempt = '{attempt}'")
        return [run.run for run in reversed(runs)]

    def runs_of_trial(self, digest: str) -> list[StoredRun]:
        """Return the runs of a trial, newest first."""
        return self._search(f"tags.digest = '{digest}'")

    def attempts(self) -> set[str]:
        """Return the attempts that the store records, also those of deleted runs."""
        runs = search_runs(self._record.client, [self._record.experiment_id], "tags.attempt != ''", ViewType.ALL)
        return {run.data.tags["attempt"] for run in runs}

    def is_there(self, run: str) -> bool | None:
        """Return whether a run is in the store; None if it was deleted in MLflow, so that it can be restored."""
        try:
            state = self._record.client.get_run(run).info.lifecycle_stage
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
        return None if state == "deleted" else True

    def open(self, run: str, content: RunContent) -> None:
        """Write the params, the dataset and the first files of a run."""
        client, params = self._record.client, list(content.params.items())
        for start in range(0, len(params), _PARAMS_PER_REQUEST):
            client.log_batch(run, params=[Param(*item) for item in params[start : start + _PARAMS_PER_REQUEST]])
        self._write_dataset(run, content.dataset)
        files = {name: text.encode() for name, text in content.files.items()}
        mlflow_files.write_files(client, run, files)

    def _write_dataset(self, run: str, content: Mapping[str, str]) -> None:
        """Write the dataset of a run. MLflow fails if another run makes the same dataset at the same moment."""
        for tries_left in (2, 1, 0):
            try:
                self._record.client.log_inputs(run, datasets=[dataset_input(content)])
                return
            except MlflowException as error:
                if not tries_left or "unique" not in str(error).lower():
                    raise

    def write_epochs(self, run: str, epochs: Sequence[Epoch]) -> None:
        """Write the metrics of epochs."""
        metrics = [
            Metric(name, value, milliseconds(epoch.when), epoch.epoch)
            for epoch in epochs
            for name, value in mlflow_entry.epoch_metrics(epoch.metrics).items()
        ]
        self._write_metrics(run, metrics)

    def write_files(self, run: str, files: Mapping[str, bytes]) -> None:
        """Write files of a run."""
        mlflow_files.write_files(self._record.client, run, files)

    def create_model(self, run: str, content: RunContent) -> str:
        """Create the logged model of a run and return its id."""
        return mlflow_model.create_model(self._record.client, self._record.experiment_id, run, content.tags)

    def find_model(self, run: str) -> str | None:
        """Return the id of the logged model of a run; None if it has none."""
        return mlflow_model.find_model(self._record.client, self._record.experiment_id, run)

    def write_model(self, run: str, model: str, content: RunContent, weights: bytes) -> None:
        """Write the files of the logged model of a run."""
        mlflow_model.write_model(self._record.client, run, model, content.config, weights)

    def write_end(self, run: str, metrics: Mapping[str, float], tags: Mapping[str, str], when: float) -> None:
        """Write the final metrics and the tags of an outcome. The run stays open.

        Args:
            run: the id of the run.
            metrics: the final metrics by name.
            tags: the tags.
            when: the time at which the trial ended, in seconds since 1970.
        """
        numbers = [Metric(name, value, milliseconds(when), 0) for name, value in metrics.items()]
        texts = [RunTag(*item) for item in tags.items()]
        numbers_at_once, texts_at_once = METRICS_PER_REQUEST - _PARAMS_PER_REQUEST, _PARAMS_PER_REQUEST
        for part in range(max(-(-len(numbers) // numbers_at_once), -(-len(texts) // texts_at_once))):
            self._record.client.log_batch(
                run,
                metrics=numbers[part * numbers_at_once : (part + 1) * numbers_at_once],
                tags=texts[part * texts_at_once : (part + 1) * texts_at_once],
            )

    def close(self, run: str, state: str, when: float) -> None:
        """Close a run.

        Args:
            run: the id of the run.
            state: MLflow's state, for example "FINISHED".
            when: the time at which the trial ended, in seconds since 1970.
        """
        self._record.client.set_terminated(run, state, milliseconds(when))

    def delete(self, run: str) -> None:
        """Delete a run. MLflow can restore it."""
        self._record.client.delete_run(run)

    def _search(self, condition: str) -> list[StoredRun]:
        runs = search_runs(self._record.client, [self._record.experiment_id], condition)
        return [
            StoredRun(
                run=run.info.run_id,
                attempt=run.data.tags.get("attempt", ""),
                owner=run.data.tags.get("owner", ""),
                is_open=run.info.status == "RUNNING",
                has_result=run.data.tags.get("status") in RESULTS,
            )
            for run in runs
            if mlflow_entry.is_trial_run(run.data.tags)
        ]

    def _write_metrics(self, run: str, metrics: Sequence[Metric]) -> None:
        for start in range(0, len(metrics), METRICS_PER_REQUEST):
            self._record.client.log_batch(run, metrics=metrics[start : start + METRICS_PER_REQUEST])


def milliseconds(when: float) -> int:
    """Return a time in MLflow's unit."""
    return int(when * 1000)


def in_requests(
    epochs: Iterable[tuple[Epoch, int]], most: int = METRICS_PER_REQUEST
) -> Iterable[tuple[list[Epoch], int]]:
    """Yield epochs in groups, each with the end of its last epoch in the journal.

    Args:
        epochs: the epochs with their ends.
        most: the largest number of metrics of a group. One epoch may have more.
    """
    group: list[Epoch] = []
    size, last = 0, 0
    for epoch, end in epochs:
        if group and size + len(epoch.metrics) > most:
            yield group, last
            group, size = [], 0
        group.append(epoch)
        size, last = size + len(epoch.metrics), end
    if group:
        yield group, last
