"""The spool of a study: the events of its trials on the disk of the driver, before a drain brings them into MLflow."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.home import Home
from gatebench.records.open_run import OpenRun
from gatebench.records.owner import Owner
from gatebench.records.run_content import RunContent
from gatebench.records.spool.attempt_folder import AttemptFolder
from gatebench.records.spool.event_json import epoch_json
from gatebench.records.spool.header import Header, check_attempt
from gatebench.records.spool.journal import Journal, end_of_records
from gatebench.records.spool.study_folder import StudyFolder
from gatebench.trial import Trial

LOST = "The process that ran the trial ended before the trial did."
"""The message of a lost attempt."""


class Spool:
    """The spool of one study that is recorded in one store. Nothing is created before the first `begin`.

    Several processes may use the spool of a study at the same time; each attempt is written by one process. The methods
    may be called from several threads.

    Args:
        home: the home.
        study: the name of the study.
        store: the address of the store, without credentials.

    Attributes:
        folder: the folder of the study.
        problems: the messages about attempts that cannot be read. They do not hinder the others.

    Raises:
        UserError: every method that writes raises it if the home cannot be written to.
    """

    def __init__(self, home: Home, study: str, store: str) -> None:
        self.folder = StudyFolder(home, study, store)
        self.problems: dict[str, str] = {}
        self._open: dict[str, tuple[Header, Journal]] = {}
        self._lock = threading.Lock()

    def begin(
        self,
        trial: Trial,
        attempt: str,
        owner: Owner,
        when: float,
        tags: Mapping[str, str] | None = None,
        *,
        force: bool = False,
    ) -> None:
        """Open the journal of an attempt. A second call for the same attempt does nothing.

        Args:
            trial: the trial.
            attempt: the random name of the attempt, 12 hex digits.
            owner: this process.
            when: the time at which the trial started, in seconds since 1970.
            tags: further tags of the run in MLflow.
            force: whether the trial runs although it has a result. Without it, the attempt is not recorded if another
                attempt has recorded a result before.
        """
        with self._lock:
            if attempt in self._open:
                return
            own = {**(tags or {}), "attempt": check_attempt(attempt), "owner": owner.name}
            header = Header(
                study=self.folder.study,
                store=self.folder.store,
                digest=trial.digest,
                attempt=attempt,
                owner=owner.name,
                host=owner.host,
                process=owner.process,
                when=when,
                force=force,
                run=RunContent.of(trial, own),
            )
            self.folder.create()
            self._open[attempt] = header, self._new_journal(header)

    def epoch(self, attempt: str, epoch: Epoch) -> None:
        """Append an epoch to the journal of an open attempt."""
        with self._lock:
            self._open[attempt][1].append({"kind": "epoch", **epoch_json(epoch, time.time())})

    def end(self, attempt: str, outcome: Outcome) -> None:
        """Write the outcome of an open attempt, with its files. It survives a loss of power."""
        with self._lock:
            _, journal = self._open[attempt]
            ended = replace(outcome, when=outcome.when or time.time())
            self.folder.attempt(attempt).end(ended, journal.end)
            del self._open[attempt]
            journal.close()

    def interrupt(self, sentence: str) -> list[str]:
        """Give all open attempts of this object the outcome "interrupted", and return the digests of their trials."""
        ended = []
        for attempt, (header, _) in list(self._open.items()):
            self.end(attempt, header.outcome("interrupted", sentence, time.time()))
            ended.append(header.digest)
        return ended

    def outcomes(self) -> list[Outcome]:
        """Return the outcomes that are not in the store yet, oldest first, without their files."""
        return sorted(self.outcomes_by_attempt().values(), key=lambda outcome: outcome.when)

    def outcomes_by_attempt(self) -> dict[str, Outcome]:
        """Return {attempt: outcome} of the outcomes that are not in the store yet, without their files."""
        return dict(self._ended())

    def curves(self, metric: str) -> dict[str, list[float]]:
        """Return the values of a metric in each epoch, by the digest of the trial, of the results not in the store yet.

        Args:
            metric: the name of the metric, for example "val/accuracy".
        """
        found: dict[str, list[float]] = {}
        for folder in self.folder.attempts():
            with self._problem_of(folder):
                if (ended := folder.ended()) is not None and ended.outcome.has_result:
                    digest = ended.outcome.digest
                    epochs = {epoch.epoch: epoch.metrics for epoch, _ in folder.epochs(digest)}
                    found[digest] = [epochs[number][metric] for number in sorted(epochs) if metric in epochs[number]]
        return found

    def running(self) -> list[OpenRun]:
        """Return the attempts without an outcome, of all processes, in the order of their start."""
        running = [_running(header, last) for _, header, last in self._without_outcome()]
        return sorted(running, key=lambda one: one.began)

    def waiting(self) -> int:
        """Return the number of ended attempts that are not in the store yet."""
        return sum(folder.has_ended for folder in self.folder.attempts())

    def close_lost(self, is_dead: Callable[[str], bool | None]) -> list[str]:
        """Give the open attempts of dead processes the outcome "lost", and return the digests of their trials.

        Args:
            is_dead: returns whether the process of a name has ended without a clean end; None if it ended cleanly, so
                that the home has no file of it, see `gatebench.records.owner.is_dead`.
        """
        lost = []
        for folder, header, last in self._without_outcome():
            if is_dead(header.owner) is not False:
                outcome = header.outcome("lost", LOST, header.when if last is None else last.when)
                self._write_outcome(folder, outcome)
                lost.append(header.digest)
        return lost

    def _new_journal(self, header: Header) -> Journal:
        """Return the new journal of an attempt. Its folder appears together with the header."""
        folder = self.folder.attempt(header.attempt).path
        part = folder.with_name(f".{folder.name}.part")
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            journal = Journal(AttemptFolder(part).journal)
            journal.append(header.to_json())
            part.rename(folder)
        except OSError as error:
            raise UserError(f"The spool {folder} cannot be written to: {error.strerror or error}.") from None
        return journal

    def _write_outcome(self, folder: AttemptFolder, outcome: Outcome) -> None:
        """Write the outcome of another process's attempt, unless it was brought into the store in the meantime."""
        try:
            folder.end(outcome, end_of_records(folder.journal))
        except UserError:
            if folder.path.exists():
                raise

    def _without_outcome(self) -> Iterator[tuple[AttemptFolder, Header, Epoch | None]]:
        """Yield the attempts without an outcome, and their last epochs. Those that cannot be read are in `problems`."""
        for folder in self.folder.attempts():
            if not folder.has_ended:
                with self._problem_of(folder):
                    header = folder.header()
                    yield folder, header, folder.last_epoch(header.digest)

    def _ended(self) -> Iterator[tuple[str, Outcome]]:
        for folder in self.folder.attempts():
            with self._problem_of(folder):
                if (ended := folder.ended()) is not None:
                    yield folder.attempt, ended.outcome

    @contextmanager
    def _problem_of(self, folder: AttemptFolder) -> Iterator[None]:
        """Keep the error of an attempt. It is none if the attempt was brought into the store in the meantime."""
        try:
            yield
        except UserError as error:
            if folder.path.exists():
                self.problems[folder.attempt] = str(error)


def _running(header: Header, last: Epoch | None) -> OpenRun:
    tags = {**header.run.tags, "digest": header.digest, "attempt": header.attempt, "owner": header.owner}
    epochs = 0 if last is None else last.epoch + 1
    score = None if last is None else last.metrics.get(f"val/{tags.get('metric')}")
    return OpenRun.of(header.run.name, header.when, tags, header.run.params, epochs, score)
