"""The records of a study in MLflow: its outcomes, its declaration and its pages. A drain writes the trials into it."""

import math
from collections.abc import Iterable, Mapping
from functools import cached_property
from getpass import getuser
from platform import node

from gatebench.records.mlflow_client import connect, readable_errors, search_runs  # before mlflow: it sets MLflow up

# isort: split
from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from gatebench.colours import colours_of
from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records import address, mlflow_entry, mlflow_files, mlflow_page, mlflow_study
from gatebench.records.database_file import check_database
from gatebench.records.home import Home
from gatebench.records.mlflow_page import StudyContent
from gatebench.records.mlflow_report import find_report, write_report
from gatebench.records.moved_home import relocate
from gatebench.records.open_run import OpenRun
from gatebench.records.spool.study_folder import StudyFolder
from gatebench.records.sqlite_reader import SqliteReader
from gatebench.records.system_metrics import SystemMetrics
from gatebench.records.trial_files import files_of_trials
from gatebench.study import Study

MOST_CURVES = 300
"""The largest number of curves that `Record.curves` returns."""


class Record:
    """The records of one study.

    Nothing is created before something is written; reading missing records gives nothing. The runs of trials are
    written by a drain alone, see `gatebench.records.spool`.

    A study may contain runs that are not trials, for example of the user's own scripts. They are ignored: they are
    neither read nor closed. An experiment with runs of other programs alone is not a study, and nothing is written to
    it.

    Args:
        home: the folder of the database and the files.
        study: the name of MLflow's experiment.
        uri: the address of the records; None: the sqlite file in the home.
        system_metrics: whether MLflow measures the use of this machine while a run is open.

    Raises:
        UserError: every method raises it if the records cannot be used. The message does not contain the credentials
            of the address.
    """

    def __init__(self, home: Home, study: str, uri: str | None = None, *, system_metrics: bool = False) -> None:
        self.uri = uri or home.tracking_uri
        self.study = study
        self.home = home
        self.system_metrics = SystemMetrics(self.uri) if system_metrics else None

    @property
    def printable_uri(self) -> str:
        """The address without credentials."""
        return address.without_credentials(self.uri)

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes of the study's trials, oldest first, without those that run."""
        return [outcome for _, outcome in self.outcomes_by_attempt()]

    def outcomes_by_attempt(self) -> list[tuple[str, Outcome]]:
        """Return the attempts and outcomes of the study's trials, oldest first, without those that run.

        The name of an attempt is "" in records of earlier versions.
        """
        if self._reader is not None:
            return self._reader.read(self.study)[1] if self._exists() else []
        with readable_errors(self.uri):
            experiment = self._find_experiment()
            if experiment is None:
                return []
            runs = search_runs(self.client, [experiment.experiment_id], "attributes.status != 'RUNNING'")
        return [
            (
                run.data.tags.get("attempt", ""),
                mlflow_entry.read_outcome(run.info.status, run.data.tags, run.data.metrics, run.data.params),
            )
            for run in reversed(runs)
            if mlflow_entry.is_trial_run(run.data.tags)
        ]

    def open_runs(self) -> list[OpenRun]:
        """Return the runs of the study's trials that have no end, in the order of their start."""
        if not self._exists():
            return []
        if self._reader is not None:
            return self._reader.open_runs(self.study)
        with readable_errors(self.uri):
            experiment = self._find_experiment()
            if experiment is None:
                return []
            runs = search_runs(self.client, [experiment.experiment_id], "attributes.status = 'RUNNING'")
            return [self._open_run(run) for run in reversed(runs) if mlflow_entry.is_trial_run(run.data.tags)]

    def _open_run(self, run: Run) -> OpenRun:
        history = self.client.get_metric_history(run.info.run_id, "train/loss")
        epochs = max((point.step + 1 for point in history), default=0)
        score = run.data.metrics.get(f"val/{run.data.tags.get('metric', '')}")
        known = None if score is None or math.isnan(score) else float(score)
        began = (run.info.start_time or 0) / 1000
        return OpenRun.of(run.info.run_name or "", began, run.data.tags, run.data.params, epochs, known)

    def study_declaration(self) -> Study | None:
        """Return the declaration that the records keep; None if there is no study, or an earlier version made it.

        Raises:
            UserError: it cannot be read.
        """
        if not self._exists():
            return None
        with readable_errors(self.uri):
            experiment = self._find_experiment()
        return None if experiment is None else mlflow_study.read_declaration(experiment)

    def declare(self, study: Study) -> None:
        """Keep the declaration of the study. It replaces an earlier one.

        Raises:
            UserError: it is too long, or MLflow's experiment belongs to another program.
        """
        text = mlflow_study.declaration_text(study)
        StudyFolder(self.home, self.study, self.printable_uri).create(text)
        with readable_errors(self.uri):
            self.client.set_experiment_tag(self.experiment_id, mlflow_study.STUDY_TAG, text)

    def file(self, digest: str, name: str) -> bytes | None:
        """Return the content of a file of a trial, for example "gates.npz", from its newest run that has it.

        Args:
            digest: the digest of the trial.
            name: the name of the file.

        Returns:
            the content; None if the study has no such trial, or no run of it has the file.

        Raises:
            UserError: the file is too large.
        """
        if not self._exists():
            return None
        with readable_errors(self.uri):
            experiment = self._find_experiment()
            if experiment is None:
                return None
            condition = f"tags.digest = '{digest}'"
            for run in search_runs(self.client, [experiment.experiment_id], condition):
                if mlflow_entry.is_trial_run(run.data.tags):
                    content = mlflow_files.read_file(self.client, run.info.run_id, name)
                    if content is not None:
                        return content
        return None

    def files(self, name: str) -> dict[str, bytes]:
        """Return the content of a file of each trial, from its newest run that has it: {digest: content}.

        Args:
            name: the name of the file, for example "gates.npz".

        Raises:
            UserError: a file is too large.
        """
        if not self._exists():
            return {}
        with readable_errors(self.uri):
            experiment = self._find_experiment()
            return {} if experiment is None else files_of_trials(self.client, self.uri, experiment.experiment_id, name)

    def set_views(self, title: str, content: StudyContent) -> None:
        """Set the saved views of the study's runs on MLflow's pages, and a text above the runs if there is none.

        Args:
            title: the question of the study, or its name.
            content: the content of the study.
        """
        with readable_errors(self.uri):
            tags = mlflow_page.views(content)
            if mlflow_page.NOTE_TAG not in self.client.get_experiment(self.experiment_id).tags:
                tags[mlflow_page.NOTE_TAG] = mlflow_page.note(self.experiment_id, title, None, "")
            self._set_experiment_tags(tags)

    def set_study_page(self, title: str, table: str, content: StudyContent) -> None:
        """Set the text above the study's runs on MLflow's pages, and the saved views of the runs.

        Args:
            title: the question of the study, or its name.
            table: the table of the study, in Markdown.
            content: the content of the study.
        """
        with readable_errors(self.uri):
            report = find_report(self.client, self.experiment_id)
            note = mlflow_page.note(self.experiment_id, title, report, table)
            self._set_experiment_tags({mlflow_page.NOTE_TAG: note, **mlflow_page.views(content)})

    def write_report(self, description: str, files: Mapping[str, bytes]) -> None:
        """Write the report of the study in place of an earlier one.

        Args:
            description: the text on its page, in Markdown.
            files: {name: content} of its files, for example "report.html".
        """
        with readable_errors(self.uri):
            write_report(self.client, self.experiment_id, self.study, description, files, getuser())

    def add_to_report(self, files: Mapping[str, bytes]) -> None:
        """Write further files to the report of the study. The next report replaces it with all its files.

        Args:
            files: {name: content} of the files, for example "figures/boxes.svg".

        Raises:
            UserError: the study has no report.
        """
        with readable_errors(self.uri):
            report = find_report(self.client, self.experiment_id)
            if report is None:
                raise UserError(
                    f"The study {self.study!r} has no report in MLflow; the next sweep of the study writes it."
                )
            mlflow_files.write_files(self.client, report, files)

    def has_report(self) -> bool:
        """Return whether the study has a report."""
        with readable_errors(self.uri):
            return find_report(self.client, self.experiment_id) is not None

    def colours(self, cells: Iterable[str]) -> dict[str, str]:
        """Return the colours of cells in MLflow's pages. Cells without a trial get colours that are free.

        Args:
            cells: the labels of the cells.
        """
        self._colours = colours_of(cells, self._colours)
        return self._colours

    def curves(self, metric: str, most: int = MOST_CURVES) -> dict[str, list[float]]:
        """Return the values of a metric in each epoch, by the digest of the trial, of the newest run of each trial.

        Args:
            metric: the name of the metric, for example "val/accuracy".
            most: the largest number of curves, because a server needs a request for each; those of the newest trials
                are returned.
        """
        if self._reader is not None:
            return self._reader.curves(self.study, metric, most) if self._exists() else {}
        with readable_errors(self.uri):
            runs = search_runs(self.client, [self.experiment_id], "attributes.status != 'RUNNING'")
            trials = [run for run in reversed(runs) if mlflow_entry.is_trial_run(run.data.tags)]
            newest = {run.data.tags["digest"]: run for run in trials if metric in run.data.metrics}
            return {
                digest: mlflow_entry.curve(self.client.get_metric_history(run.info.run_id, metric))
                for digest, run in list(newest.items())[-most:]
            }

    def study_pages(self) -> dict[str, str]:
        """Return the studies, newest first, with the addresses of their pages relative to that of MLflow's pages."""
        with readable_errors(self.uri):
            experiments = self.client.search_experiments(order_by=["last_update_time DESC"])
            studies = [one for one in experiments if mlflow_study.is_study(self.client, one)]
        return {study.name: mlflow_page.study_page(study.experiment_id, study.tags) for study in studies}

    @property
    def home_mark(self) -> str:
        """The host and the home, which mark the runs that this object writes."""
        return f"{node()}:{self.home.root.absolute()}"

    def colour_tag(self, cell: str) -> dict[str, str]:
        """Return the tag with which a run has the colour of its cell.

        Args:
            cell: the label of the cell.
        """
        return {mlflow_page.RUN_COLOUR_TAG: self.colours([cell])[cell]}

    @cached_property
    def _colours(self) -> dict[str, str]:
        """The colours of the cells that have a trial in the study."""
        if self._reader is not None and self._exists():
            return dict(self._reader.tag_pairs(self.study, "cell", mlflow_page.RUN_COLOUR_TAG))
        runs = search_runs(self.client, [self.experiment_id], "")
        pairs = [(run.data.tags.get("cell"), run.data.tags.get(mlflow_page.RUN_COLOUR_TAG)) for run in reversed(runs)]
        return {cell: colour for cell, colour in pairs if cell and colour}

    @cached_property
    def _reader(self) -> SqliteReader | None:
        """The reader of a sqlite file, which is much faster than MLflow; None for a server or another database."""
        file = address.sqlite_file(self.uri)
        return None if file is None else SqliteReader(file)

    @cached_property
    def client(self) -> MlflowClient:
        """The connection to MLflow."""
        check_database(self.home, self.uri)
        client = connect(self.uri)
        if address.sqlite_file(self.uri) == self.home.database.absolute():
            relocate(self.home)
        return client

    @cached_property
    def experiment_id(self) -> str:
        """MLflow's id of the study's experiment, which is created if it does not exist."""
        if (experiment := self._find_experiment()) is not None:
            mlflow_study.check_own(self.client, experiment)
            return str(experiment.experiment_id)
        artifacts = None if address.is_server(self.uri) else self.home.artifacts.absolute().as_uri()
        try:
            return str(self.client.create_experiment(self.study, artifacts, mlflow_study.new_tags(self.study)))
        except MlflowException as error:
            if error.error_code == "RESOURCE_ALREADY_EXISTS" and (experiment := self._find_experiment()) is not None:
                return str(experiment.experiment_id)  # another driver created it in between
            raise

    def _exists(self) -> bool:
        """Return False if the sqlite file is missing: a request would create an empty database."""
        check_database(self.home, self.uri)
        file = address.sqlite_file(self.uri)
        return file is None or file.exists()

    def _find_experiment(self) -> Experiment | None:
        experiment = self.client.get_experiment_by_name(self.study)
        if experiment is not None and experiment.lifecycle_stage == "deleted":
            raise mlflow_study.deleted_study(self.study)
        return experiment

    def _set_experiment_tags(self, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            self.client.set_experiment_tag(self.experiment_id, key, value)
