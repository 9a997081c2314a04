"""What a process that runs trials of a study works with: its claims, its spool and the checkpoints.

    trial → event → spool → drain → records in MLflow

The spool takes the events at once, and the drain brings them to the records in a thread. So training never waits for
the records. The claims keep other processes from running the same trials.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress

from gatebench.errors import UserError
from gatebench.outcome import Epoch, Outcome
from gatebench.records.address import without_credentials
from gatebench.records.checkpoints import Checkpoints
from gatebench.records.claims import Claims
from gatebench.records.mlflow_entry import TRACEBACK
from gatebench.records.owner import Owner, dead_owners, forget_owners, is_dead, owner_of
from gatebench.records.record import Record
from gatebench.records.spool.drain import Drain
from gatebench.records.spool.spool import Spool
from gatebench.records.stale_runs import close_stale_runs
from gatebench.trial import Trial
from launch.config.settings import Settings
from launch.running.known_outcomes import known_study, spool_of

ANOTHER_ATTEMPT = "The attempt ended early, and another one continued the trial."
"""The message of an attempt that was retried."""


class Recording:
    """The claims, the spool and the checkpoints of the trials that this process runs.

    Args:
        settings: the settings of the command.
        owner: this process.
        claims: the claims of this process on the study's trials.
        spool: the spool of the study.

    Attributes:
        outcomes: the outcomes in the records and in the spool when the recording began, oldest first.
    """

    def __init__(self, settings: Settings, owner: Owner, claims: Claims, spool: Spool) -> None:
        self._settings, self._owner, self._claims, self._spool = settings, owner, claims, spool
        self._checkpoints = Checkpoints(settings.home_folder)
        self._attempts: dict[str, str] = {}  # digest of an open trial: its attempt
        self._has_told = False  # that a checkpoint could not be written
        self._ended: set[str] = set()  # digests of trials that have ended and are not released yet
        self.outcomes = known_study(settings, settings.one_study).outcomes

    def take(self, digests: Sequence[str]) -> frozenset[str]:
        """Claim trials, and return the digests of those that this process may run."""
        self.release()
        return self._claims.take(digests)

    def holder(self, digest: str) -> str | None:
        """Return the process that runs a trial, "HOST, process 12", if it is another one."""
        return self._claims.others([digest]).get(digest)

    def done(self, digests: Sequence[str]) -> frozenset[str]:
        """Return those trials that another process has ended since the recording began.

        A trial that was interrupted or lost has not ended: it continues from its checkpoint.
        """
        before = _numbers_of_ends(self.outcomes)
        now = _numbers_of_ends(known_study(self._settings, self._settings.one_study).outcomes)
        return frozenset(digest for digest in digests if now[digest] > before[digest])

    def checkpoint(self, digest: str) -> bytes | None:
        """Return the newest checkpoint of a trial."""
        return self._checkpoints.load(digest)

    def begin(self, trial: Trial, when: float = 0.0) -> None:
        """Open a new attempt of a trial. An attempt that is open already has ended early.

        Args:
            trial: the trial.
            when: the time at which it started, in seconds since 1970; 0: now.
        """
        if (attempt := self._attempts.pop(trial.digest, None)) is not None:
            self._spool.end(attempt, Outcome.of(trial, "lost", ANOTHER_ATTEMPT))
        self._attempts[trial.digest] = attempt = secrets.token_hex(6)
        self._spool.begin(trial, attempt, self._owner, when or time.time(), force=self._settings.force)

    def epoch(self, trial: Trial, epoch: Epoch) -> None:
        """Keep an epoch of a trial."""
        self._spool.epoch(self._attempt(trial), epoch)

    def save(self, trial: Trial, content: bytes) -> None:
        """Keep a checkpoint of a trial in place of an earlier one.

        The trials go on if it cannot be written, for example because the disk is full. The first time, a sentence on
        stderr says so.
        """
        try:
            self._checkpoints.save(trial.digest, content)
        except UserError as error:
            if not self._has_told:
                _report(f"{error} The trials go on; one that is interrupted continues from an earlier checkpoint.")
            self._has_told = True

    def end(self, trial: Trial, outcome: Outcome) -> None:
        """Keep the outcome of a trial. The checkpoint of a trial that will not continue is removed."""
        self._spool.end(self._attempt(trial), outcome)
        del self._attempts[trial.digest]
        if _continues(outcome):
            self._claims.give_back([trial.digest])
        else:
            self._checkpoints.remove(trial.digest)
            self._ended.add(trial.digest)

    def interrupt(self, message: str) -> None:
        """Give all open attempts the outcome "interrupted"."""
        self._claims.give_back(self._spool.interrupt(message))
        self._attempts.clear()

    def release(self) -> None:
        """Release the trials whose outcomes the drain has brought to the records."""
        if self._ended:
            waiting = {outcome.digest for outcome in self._spool.outcomes()}
            self._claims.release(self._ended - waiting)
            self._ended &= waiting

    def _attempt(self, trial: Trial) -> str:
        if trial.digest not in self._attempts:
            self.begin(trial)
        return self._attempts[trial.digest]


def record_of(settings: Settings) -> Record:
    """Return the records of the study that the settings name."""
    return Record(
        settings.home_folder, settings.one_study, settings.records_uri, system_metrics=settings.system_metrics
    )


@contextmanager
def recording(settings: Settings, record: Record) -> Iterator[Recording]:
    """Yield the recording of this process. If the block ends early, its open attempts are closed as interrupted.

    At first the attempts of processes that died are closed as lost. At the end the drain brings the outcomes to the
    records; if it cannot, a sentence on stderr says how to do it later.

    Args:
        settings: the settings of the command.
        record: the records of the study.

    Raises:
        UserError: the home cannot be written to.
    """
    home, store = settings.home_folder, without_credentials(settings.records_uri)
    with owner_of(home, store) as owner, Claims(record, owner) as claims:
        spool = spool_of(settings, settings.one_study)
        lost = spool.close_lost(lambda name: is_dead(home, name) is not False)
        if lost:
            _report(f"{len(lost)} trials of a process that died were closed; they continue from their checkpoints.")
        _close_stale_runs(record, claims)
        forget_owners(home, dead_owners(home, store))
        drain = Drain(record, spool, owner)
        with drain:
            yield (started := Recording(settings, owner, claims, spool))
        started.release()
    if (sentence := drain.left()) is not None:
        _report(sentence)


def _close_stale_runs(record: Record, claims: Claims) -> None:
    """Close the runs that dead processes left open, unless the records cannot be reached: the next command does it."""
    if claims.problem is not None:
        return
    with suppress(UserError):
        if count := close_stale_runs(record, claims.is_dead):
            _report(f"{count} runs that a killed process had left open were closed.")


def _numbers_of_ends(outcomes: Iterable[Outcome]) -> Counter[str]:
    """Return {digest: number of its outcomes}. Attempts that were interrupted or lost do not count."""
    return Counter(outcome.digest for outcome in outcomes if outcome.status not in ("interrupted", "lost"))


def _continues(outcome: Outcome) -> bool:
    """Return whether the next attempt of the trial continues from its checkpoint."""
    died = outcome.status == "failed" and TRACEBACK not in outcome.facts
    return outcome.status in ("interrupted", "lost") or died


def _report(line: str) -> None:
    print(line, file=sys.stderr)
