"""Records to test with, into which trials are written in one call, through the spool and the drain."""

import secrets
import time
from dataclasses import replace

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.home import Home
from gatebench.records.owner import Owner
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import StudyDrain
from gatebench.trial import Trial

WRITER = Owner("0123456789ab", "machine", 1)


class WritingRecord(Record):
    """The records of one study, and a spool whose attempts are in the records at the end of each call."""

    def __init__(self, home: Home, study: str, uri: str | None = None, *, system_metrics: bool = False) -> None:
        super().__init__(home, study, uri, system_metrics=system_metrics)
        self._spool = Spool(home, study, self.printable_uri)
        self._drain = StudyDrain(self, self._spool, WRITER.name)
        self._attempts: dict[str, str] = {}

    def begin(self, trial: Trial, when: float | None = None) -> None:
        """Begin an attempt of a trial, unless one is open."""
        if trial.digest not in self._attempts:
            attempt = self._attempts[trial.digest] = secrets.token_hex(6)
            self._spool.begin(trial, attempt, WRITER, when or time.time(), force=True)
            self._bring()

    def write(self, epoch: Epoch) -> None:
        """Add an epoch to the open attempt of its trial."""
        self._spool.epoch(self._attempts[epoch.digest], epoch)
        self._bring()

    def end(self, trial: Trial, outcome: Outcome) -> None:
        """End the open attempt of a trial, or a new one."""
        self.begin(trial)
        self._spool.end(self._attempts.pop(trial.digest), replace(outcome, when=outcome.when or time.time()))
        self._bring()

    def interrupt(self, message: str) -> None:
        """End all open attempts as interrupted."""
        self._spool.interrupt(message)
        self._attempts.clear()
        self._bring()

    def run_of(self, trial: Trial) -> str:
        """Return MLflow's id of the run of the open attempt of a trial."""
        condition = f"tags.attempt = '{self._attempts[trial.digest]}'"
        (run,) = self.client.search_runs([self.experiment_id], condition)
        return str(run.info.run_id)

    def _bring(self) -> None:
        try:
            self._drain.round()
            if (problem := self._drain.problem or next(iter(self._drain.report.refused.values()), None)) is not None:
                raise UserError(problem)
        finally:
            self._drain.close()
