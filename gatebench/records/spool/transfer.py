"""The transfer of one attempt from the spool into the store. It continues where it was interrupted."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from functools import cached_property

from gatebench.errors import UserError
from gatebench.outcome import Outcome
from gatebench.records import mlflow_entry
from gatebench.records.mlflow_model import WEIGHTS
from gatebench.records.owner import is_dead
from gatebench.records.spool.attempt_folder import AttemptFolder, Ended
from gatebench.records.spool.compact_journal import write_compact_journal
from gatebench.records.spool.header import Header
from gatebench.records.spool.journal import end_of_records
from gatebench.records.spool.progress import Progress
from gatebench.records.spool.restore import remove_origin
from gatebench.records.spool.run_requests import RunRequests, StoredRun, in_requests
from gatebench.records.spool.study_folder import StudyFolder

OTHER_RESULT = "another attempt has recorded the result of this trial"
"""The reason for which an attempt is not recorded."""

DELETED = "its run was deleted in MLflow"
"""The reason for which an attempt is not recorded any further."""

TAKEN_OVER = "The process that ran the trial did not record its end; another process has."
"""The message of an open run of another home, after this home has recorded the trial."""

_ROUNDS_TO_WAIT = 20  # for another drain that is about to close its run


class AttemptTransfer:
    """The transfer of one attempt.

    Args:
        study: the folder of the study.
        folder: the folder of the attempt.
        requests: the requests to the store.

    Attributes:
        notes: messages about parts of the attempt that are damaged.
    """

    def __init__(self, study: StudyFolder, folder: AttemptFolder, requests: RunRequests) -> None:
        self._study, self._folder, self._requests = study, folder, requests
        self._waited = 0
        self._ended: Ended | None = None
        self.notes: list[str] = []

    @property
    def run(self) -> str | None:
        """MLflow's id of the run; None before it is created."""
        return self._progress.steps.run

    @property
    def dropped(self) -> str | None:
        """The reason for which the attempt is not recorded; None if it is recorded."""
        return self._progress.steps.dropped

    def bring(self, *, held: bool = False) -> None:
        """Bring everything that is new into the store.

        Args:
            held: whether the requests belong to a transaction, so that the steps are noted by `settle`.

        Raises:
            UserError: the attempt is damaged, or the home cannot be written to.
            MlflowException: the store refuses a request or does not answer. Other errors of the store are possible.
        """
        self._ended = self._folder.ended()  # before the epochs are read: then they are complete
        if held:
            self._progress.hold()
        if not self._is_settled():
            self._write(self._ended)

    def settle(self) -> bool:
        """Note the steps of `bring`, and return whether the attempt is finished. Its folder is removed then."""
        self._progress.release()
        if self._ended is None or not self._is_settled():
            return False
        self._archive(self._ended)
        return True

    def take_back(self) -> None:
        """Forget the steps of `bring`, because its transaction was taken back."""
        self._progress.forget()

    def after_refusal(self) -> None:
        """Find out why the store refused a request: whether the run was deleted, or is not in the store any more."""
        if self.run is None:
            return
        there = self._requests.is_there(self.run)
        if there is None:
            self._progress.note(dropped=DELETED)
        elif there is False:
            self._progress.restart()

    def _is_settled(self) -> bool:
        steps = self._progress.steps
        return steps.closed or steps.dropped is not None

    def _write(self, ended: Ended | None) -> None:
        run = self.run or self._create()
        if run is None:
            return
        if not self._progress.steps.opened:
            self._requests.open(run, self._header.run)
            self._progress.note(opened=True)
        epochs = self._folder.epochs(self._header.digest, self._progress.steps.offset)
        for group, end in in_requests(epochs, self._requests.metrics_per_request):
            self._requests.write_epochs(run, group)
            self._progress.note(offset=end)
        if ended is not None:
            self._finish(run, ended)

    def _create(self) -> str | None:
        """Create the run and return its id; None if another attempt has recorded the trial."""
        header = self._header
        run = self._created_before() if self._progress.steps.creating else None
        if run is None:
            others = () if header.force else self._others()
            if any(other.has_result and not other.is_open for other in others):
                self._progress.note(dropped=OTHER_RESULT)
                return None
            if not self._requests.chooses_ids:
                self._progress.note(creating=True, durable=True)
            run = self._requests.create(header.run, header.when)
        self._progress.note(run=run)
        return run

    def _created_before(self) -> str | None:
        """Return the run that a request created whose answer did not arrive; None if there is none."""
        runs = self._requests.runs_of_attempt(self._header.attempt)
        for duplicate in runs[1:]:
            self._requests.delete(duplicate)
        return next(iter(runs), None)

    def _finish(self, run: str, ended: Ended) -> None:
        """Write the end of the attempt and close its run, or delete it if another attempt has recorded the trial.

        Two processes may do this for two attempts of one trial at the same time. Each writes its result first and reads
        the other runs then, so at least one of them sees both results, and both choose the same one.
        """
        if not self._progress.steps.filed:
            self._write_files(run, ended)
            self._progress.note(filed=True)
        outcome = ended.outcome
        tags, metrics = mlflow_entry.closing_tags(outcome), mlflow_entry.final_metrics(outcome.metrics)
        self._requests.write_end(run, metrics, tags, outcome.when)
        runs = self._requests.runs_of_trial(self._header.digest)
        for duplicate in runs:
            if duplicate.attempt == self._header.attempt and duplicate.run != run:
                self._requests.delete(duplicate.run)
        others = [other for other in runs if other.attempt != self._header.attempt]
        if not self._header.force and not self._is_first(run, others, outcome):
            return
        if outcome.has_result:
            self._close_open_runs(others)
        self._requests.close(run, mlflow_entry.STATES[outcome.status], outcome.when)
        self._progress.note(closed=True)

    def _is_first(self, run: str, others: Sequence[StoredRun], outcome: Outcome) -> bool:
        """Return whether this attempt is to be closed now: no other attempt has recorded a result before."""
        results = [other for other in others if other.has_result]
        if any(not other.is_open for other in results):
            self._progress.note(dropped=OTHER_RESULT)
            self._requests.delete(run)
            return False
        if not (results and outcome.has_result):
            return True
        if self._header.attempt > min(other.attempt for other in results) and self._waited < _ROUNDS_TO_WAIT:
            self._waited += 1
            return False
        for other in results:
            self._requests.delete(other.run)
        return True

    def _close_open_runs(self, others: Sequence[StoredRun]) -> None:
        """Close the open runs of other homes: their processes have lost the trial to this one."""
        for other in others:
            is_foreign = (
                other.attempt and other.owner != self._header.owner and is_dead(self._study.home, other.owner) is None
            )
            if other.is_open and is_foreign:
                tags = {"status": "lost", "sentence": TAKEN_OVER}
                self._requests.write_end(other.run, {}, tags, 0.0)
                self._requests.close(other.run, mlflow_entry.STATES["lost"], time.time())

    def _others(self) -> list[StoredRun]:
        runs = self._requests.runs_of_trial(self._header.digest)
        return [run for run in runs if run.attempt != self._header.attempt]

    def _write_files(self, run: str, ended: Ended) -> None:
        if (traceback := ended.outcome.facts.get(mlflow_entry.TRACEBACK)) is not None:
            self._requests.write_files(run, {f"{mlflow_entry.TRACEBACK}.txt": traceback.encode()})
        for number, kept in enumerate(ended.files):
            try:
                content = self._folder.file(number, kept)
                if kept.name == WEIGHTS:
                    self._write_model(run, content)
                else:
                    self._requests.write_files(run, {kept.name: content})
            except UserError as error:
                self.notes.append(f"{str(error).rstrip('.')}; the trial is recorded without it.")
        missing = ended.journal_bytes - end_of_records(self._folder.journal)
        if missing > 0:
            self.notes.append(
                f"The journal {self._folder.journal} is damaged: its last {missing:,} bytes could not be read, so the "
                "curves of the trial have fewer epochs."
            )

    def _write_model(self, run: str, weights: bytes) -> None:
        content = self._header.run
        model = self._progress.steps.model
        if model is None and self._progress.steps.modelling:
            model = self._requests.find_model(run)
        if model is None:
            self._progress.note(modelling=True)
            model = self._requests.create_model(run, content)
        self._progress.note(model=model)
        self._requests.write_model(run, model, content, weights)

    def _archive(self, ended: Ended) -> None:
        """Replace the folder of the attempt by its compact journal."""
        steps = self._progress.steps
        if not (steps.archived and (self._study.done / self._folder.attempt).exists()):
            write_compact_journal(self._study.done, self._folder, ended, steps)
            self._progress.note(archived=True)
        remove_origin(self._study, self._folder, {steps.run, steps.model})
        shutil.rmtree(self._folder.path, ignore_errors=True)

    @cached_property
    def _header(self) -> Header:
        return self._folder.header()

    @cached_property
    def _progress(self) -> Progress:
        return Progress(self._folder.progress)
