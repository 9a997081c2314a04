"""What a run leaves behind: one writer to MLflow, and the way back to outcomes. The only import of mlflow."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from getpass import getuser
from platform import node

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

from mlflow.entities import Experiment, Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient
from sqlalchemy.exc import SQLAlchemyError

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records import address, mlflow_entry, mlflow_page
from gatebench.records.home import Home
from gatebench.trial import Trial

for _name in ("mlflow", "alembic", "urllib3"):
    logging.getLogger(_name).setLevel(logging.ERROR)

FLUSH_SECONDS = 2.0  # epochs are written together: a server takes 50 ms a batch, whatever its size
_LARGEST_BATCH = 1000  # metrics that MLflow takes at once
_PAGE = 5000  # runs that MLflow returns at once
_LONGEST_NOTE = 20_000  # characters that MLflow takes
_KIND = "mlflow.experimentKind"  # without it, MLflow's pages speak of language models
_HOPELESS = "The process ended before the trial did."


class Record:
    """The records of one study. Throughput falls with writers, so the driver is the only one.

    Nothing is created before the first `begin`; reading what is not there gives nothing. Every method raises
    `UserError` when the records cannot be reached, without the credentials that the address may hold.
    """

    def __init__(self, home: Home, study: str, uri: str | None = None) -> None:
        self.uri = uri or home.tracking_uri
        self.study = study
        self._home = home
        self._runs: dict[str, str] = {}  # digest of a running trial -> MLflow's run
        self._waiting: dict[str, list[Metric]] = {}
        self._flushed = time.monotonic()

    @property
    def place(self) -> str:
        """The address without credentials, for people."""
        return address.without_credentials(self.uri)

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes of the study's trials, oldest first, without those that run. Other runs are left out."""
        with self._told():
            experiment = self._find() if self._exists() else None
            runs = [] if experiment is None else self._search([experiment.experiment_id], "status != 'RUNNING'")
        ours = [run for run in reversed(runs) if mlflow_entry.is_ours(run.data.tags)]
        return [mlflow_entry.outcome(run.info.status, run.data.tags, run.data.metrics) for run in ours]

    def finished(self) -> set[str]:
        """Return the digests of the study's trials that have a result."""
        return {outcome.digest for outcome in self.outcomes() if outcome.has_result}

    def reconcile(self) -> int:
        """Mark what a killed driver of this home left running as interrupted, in all studies; return how many.

        The caller holds the home's lock, so nothing of it can be running.
        """
        if not self._exists():
            return 0
        with self._told():
            studies = [experiment.experiment_id for experiment in self._client.search_experiments()]
            stale = [r for r in self._search(studies, "status = 'RUNNING'") if r.data.tags.get("home") == self._owner]
            for run in stale:
                self._close(run.info.run_id, "KILLED", {"status": "interrupted", "sentence": _HOPELESS})
        return len(stale)

    def begin(self, trial: Trial, when: float | None = None) -> None:
        """Open the trial's run, once; `when` it began, in seconds since 1970, if not now."""
        if trial.digest in self._runs:
            return
        with self._told():
            run = self._client.create_run(
                self._experiment,
                start_time=int((when or time.time()) * 1000),
                tags=mlflow_entry.opening_tags(trial, self._owner) | {"mlflow.user": getuser()},
                run_name=mlflow_entry.name(trial),
            )
            identifier = self._runs[trial.digest] = run.info.run_id
            self._client.log_batch(identifier, params=[Param(*item) for item in mlflow_entry.params(trial).items()])
            for file, text in mlflow_entry.files(trial).items():
                self._client.log_text(identifier, text, file)

    def write(self, epoch: Epoch) -> None:
        """Keep an epoch's metrics, and write what has waited long enough."""
        self._wait(self._runs[epoch.digest], epoch.metrics, epoch.epoch)
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def end(self, trial: Trial, outcome: Outcome) -> None:
        """Close the trial's run with what came out of it; a trial that ended before it began gets its run now."""
        self.begin(trial)
        run = self._runs[trial.digest]
        self._wait(run, mlflow_entry.shelve(outcome.metrics), step=0)
        self.flush()
        with self._told():
            if trace := outcome.facts.get(mlflow_entry.TRACEBACK):
                self._client.log_text(run, trace, f"{mlflow_entry.TRACEBACK}.txt")
            self._close(run, mlflow_entry.STATES[outcome.status], mlflow_entry.closing_tags(outcome))
        del self._runs[trial.digest]

    def interrupt(self, sentence: str) -> None:
        """Close every run that is open, as killed."""
        self.flush()
        with self._told():
            while self._runs:
                _, run = self._runs.popitem()
                self._close(run, "KILLED", {"status": "interrupted", "sentence": sentence})

    def describe(self, markdown: str, state: str) -> None:
        """Set what MLflow's pages show of the study: a text above its runs, and the view of them (`mlflow_page`)."""
        tags = {"mlflow.note.content": markdown[:_LONGEST_NOTE], f"mlflow.sharedViewState.{mlflow_page.KEY}": state}
        with self._told():
            for key, value in tags.items():
                self._client.set_experiment_tag(self._experiment, key, value)

    def pages(self) -> dict[str, str]:
        """Return the studies, newest first, with their addresses below that of MLflow's pages."""
        with self._told():
            studies = self._client.search_experiments(order_by=["last_update_time DESC"])
        return {study.name: mlflow_page.page(study.experiment_id) for study in studies if _KIND in study.tags}

    def flush(self) -> None:
        """Write what waits."""
        waiting, self._waiting = self._waiting, {}
        self._flushed = time.monotonic()
        with self._told():
            for run, metrics in waiting.items():
                for start in range(0, len(metrics), _LARGEST_BATCH):
                    self._client.log_batch(run, metrics=metrics[start : start + _LARGEST_BATCH])

    @property
    def _owner(self) -> str:
        return f"{node()}:{self._home.root.absolute()}"

    @cached_property
    def _client(self) -> MlflowClient:
        address.check(self.uri)
        with address.impatient():
            client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)
            client.search_experiments(max_results=1)
        return client

    @cached_property
    def _experiment(self) -> str:
        if (experiment := self._find()) is not None:
            return str(experiment.experiment_id)
        place = None if address.is_server(self.uri) else self._home.artifacts.absolute().as_uri()
        return str(self._client.create_experiment(self.study, place, {_KIND: "custom_model_development"}))

    def _exists(self) -> bool:
        """Return False where asking would create an empty database."""
        file = address.sqlite_file(self.uri)
        return file is None or file.exists()

    def _find(self) -> Experiment | None:
        experiment = self._client.get_experiment_by_name(self.study)
        if experiment is not None and experiment.lifecycle_stage == "deleted":
            raise UserError(f"The study {self.study!r} was deleted in MLflow; restore it, or choose another study=….")
        return experiment

    def _search(self, experiments: list[str], state: str) -> list[Run]:
        runs: list[Run] = []
        token: str | None = None
        while token != "":
            page = self._client.search_runs(experiments, f"attributes.{state}", max_results=_PAGE, page_token=token)
            runs, token = [*runs, *page], page.token or ""
        return runs

    def _wait(self, run: str, metrics: Mapping[str, float], step: int) -> None:
        now = int(time.time() * 1000)
        self._waiting.setdefault(run, []).extend(Metric(name, value, now, step) for name, value in metrics.items())

    def _close(self, run: str, state: str, tags: Mapping[str, str]) -> None:
        self._client.log_batch(run, tags=[RunTag(*item) for item in tags.items()])
        self._client.set_terminated(run, state)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (MlflowException, SQLAlchemyError, OSError, ImportError) as error:
            reason = str(error).partition("\n")[0].replace(self.uri, self.place)
            if "Max retries exceeded" in reason:
                reason = "the server cannot be reached"
            raise UserError(f"The records at {self.place} cannot be used: {reason.rstrip('.')}.") from None
