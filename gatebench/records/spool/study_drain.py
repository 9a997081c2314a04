"""Rounds in which everything that is new in the spool of a study is brought into the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from multiprocessing.pool import ThreadPool

from filelock import FileLock, Timeout

from gatebench.errors import UserError
from gatebench.records.mlflow_client import readable_errors
from gatebench.records.record import Record
from gatebench.records.spool.attempt_folder import AttemptFolder
from gatebench.records.spool.run_requests import RunRequests
from gatebench.records.spool.server_requests import ServerRequests
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.sqlite_requests import SqliteRequests, requests_of
from gatebench.records.spool.transfer import AttemptTransfer

THREADS = 32
"""The number of attempts whose epochs are collected for a joint request to a server."""

TOGETHER = 50
"""The number of attempts that are brought to a sqlite file in one transaction, if it does not take too long."""

TRANSACTION_SECONDS = 0.5
"""The time after which a transaction takes up no further attempt, because other processes wait for its end."""

MOST_REFUSALS = 2
"""The number of refusals in succession after which nobody waits for an attempt. The reason for one may have passed."""

LONGEST_PAUSE = 30.0
"""The longest time in seconds between two tries after an error."""


@dataclass
class _Attempt:
    """An attempt that is not in the store.

    Attributes:
        folder: its folder.
        transfer: its transfer.
        seen: the size of its journal and whether it has ended, when everything had been brought.
        refusals: the number of errors in succession.
        next_try: the time by `time.monotonic` before which it is left alone.
    """

    folder: AttemptFolder
    transfer: AttemptTransfer
    seen: tuple[int, bool] = (-1, False)
    refusals: int = 0
    next_try: float = 0.0


@dataclass
class Report:
    """The attempts that a drain has brought into the store, and those that it could not bring.

    Attributes:
        recorded: the number of attempts that are in the store.
        dropped: {attempt: the reason for which it is not recorded}.
        refused: {attempt: the last error} of attempts that stay in the spool.
        notes: messages about parts of attempts that are damaged.
    """

    recorded: int = 0
    dropped: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class StudyDrain:
    """The transfer of all attempts in the spool of a study. One process at a time does this for a study.

    Args:
        record: the records of the study.
        spool: the spool of the study.
        owner: the name of this process. MLflow measures the use of the machine for its trials alone.

    Attributes:
        problem: the reason for which the store cannot be written to now; None if it can.
        busy: whether another process does the work now.
        report: what was done.
    """

    def __init__(self, record: Record, spool: Spool, owner: str = "") -> None:
        self.problem: str | None = None
        self.busy = False
        self.report = Report()
        self._record, self._spool, self._owner = record, spool, owner
        self._requests: RunRequests | None = None
        self._attempts: dict[str, _Attempt] = {}
        self._lock = FileLock(spool.folder.lock, thread_local=False, fallback_to_soft=False)

    def round(self) -> bool:
        """Bring what is new, and return whether everything that has ended is in the store.

        Errors of the store are in `problem`, those of single attempts in `report`. None is raised.
        """
        folders = self._spool.folder.attempts()
        if not folders:
            self.problem = None
            return True
        if not self._locked() or not self._is_ready():
            return False
        attempts = [attempt for attempt in map(self._attempt, folders) if self._has_news(attempt)]
        if isinstance(self._requests, SqliteRequests):
            self._bring_together(self._requests, attempts)
        elif isinstance(self._requests, ServerRequests) and attempts:
            with ThreadPool(min(THREADS, len(attempts))) as pool:
                pool.map(self._bring, attempts, chunksize=1)
        else:
            for attempt in attempts:
                self._bring(attempt)
        return self.problem is None and self._spool.waiting() == 0

    def waits_for_nothing_else(self) -> bool:
        """Return whether all ended attempts that are not in the store were refused `MOST_REFUSALS` times."""
        if self.problem is not None or self.busy:
            return False
        refused = {name for name, attempt in self._attempts.items() if attempt.refusals >= MOST_REFUSALS}
        return all(folder.attempt in refused for folder in self._spool.folder.attempts() if folder.has_ended)

    def forget_refusals(self) -> None:
        """Try attempts that were refused in the next round, as if for the first time."""
        for attempt in self._attempts.values():
            attempt.refusals, attempt.next_try = 0, 0.0

    def close(self) -> None:
        """Let other processes do the work."""
        self._lock.release()

    def _locked(self) -> bool:
        """Return whether this process does the work. It keeps the lock until `close`."""
        try:
            if not self._lock.is_locked:
                self._lock.acquire(blocking=False)
        except Timeout:
            self.busy = True
            return False
        except OSError as error:
            self.problem = f"The spool {self._spool.folder.path} cannot be written to: {error.strerror or error}."
            return False
        self.busy = False
        return True

    def _is_ready(self) -> bool:
        """Return whether the store answers and has the study's experiment."""
        try:
            with readable_errors(self._record.uri):
                self._requests = self._requests or requests_of(self._record)
        except UserError as error:
            self.problem = str(error)
            return False
        self.problem = None
        return True

    def _attempt(self, folder: AttemptFolder) -> _Attempt:
        if folder.attempt not in self._attempts:
            assert self._requests is not None, "the store answers"
            transfer = AttemptTransfer(self._spool.folder, folder, self._requests)
            self._attempts[folder.attempt] = _Attempt(folder, transfer)
        return self._attempts[folder.attempt]

    def _has_news(self, attempt: _Attempt) -> bool:
        return attempt.next_try <= time.monotonic() and _state(attempt.folder) != attempt.seen

    def _bring(self, attempt: _Attempt) -> None:
        """Bring an attempt, unless the store has stopped to answer in this round."""
        if self.problem is not None:
            return
        seen = _state(attempt.folder)
        try:
            with readable_errors(self._record.uri):
                self._measure(attempt)
                with self._turn():
                    attempt.transfer.bring()
        except UserError as error:
            self._refused(attempt, str(error))
            return
        self._settle(attempt, seen)

    def _turn(self) -> AbstractContextManager[None]:
        """Wait until an attempt may be brought."""
        return self._requests.turn() if isinstance(self._requests, ServerRequests) else nullcontext()

    def _bring_together(self, requests: SqliteRequests, attempts: Sequence[_Attempt]) -> None:
        """Bring attempts to a sqlite file, many in one transaction: the end of a transaction takes milliseconds."""
        left = list(attempts)
        while left and self.problem is None:
            brought: list[tuple[_Attempt, tuple[int, bool]]] = []
            refused: list[tuple[_Attempt, str]] = []
            try:
                with readable_errors(self._record.uri):
                    for attempt in left[:TOGETHER]:
                        self._measure(attempt)
                    with requests.together():
                        until = time.monotonic() + TRANSACTION_SECONDS
                        for attempt in left[:TOGETHER]:
                            seen = _state(attempt.folder)
                            try:
                                with requests.one_of_many(), readable_errors(self._record.uri):
                                    attempt.transfer.bring(held=True)
                                brought.append((attempt, seen))
                            except UserError as error:
                                refused.append((attempt, str(error)))
                            if time.monotonic() > until:
                                break
            except UserError as error:
                for attempt, _ in brought:
                    attempt.transfer.take_back()
                self.problem = str(error)
                return
            for attempt, message in refused:
                self._refused(attempt, message)
            for attempt, seen in brought:
                self._settle(attempt, seen)
            left = left[len(brought) + len(refused) :]

    def _settle(self, attempt: _Attempt, seen: tuple[int, bool]) -> None:
        """Note that what was new of an attempt is in the store.

        Args:
            attempt: the attempt.
            seen: its state before the transfer.
        """
        try:
            finished = attempt.transfer.settle()
            if not finished and not seen[1]:
                self._measure(attempt)
        except UserError as error:
            self._refused(attempt, str(error))
            return
        attempt.refusals = 0
        self.report.refused.pop(attempt.folder.attempt, None)
        if finished:
            self._finished(attempt)
        elif not seen[1]:
            attempt.seen = seen

    def _refused(self, attempt: _Attempt, message: str) -> None:
        if self._requests is None or not self._requests.answers():
            self.problem = message
            return
        with suppress(UserError), readable_errors(self._record.uri):
            attempt.transfer.take_back()
            attempt.transfer.after_refusal()
        attempt.refusals += 1
        attempt.next_try = time.monotonic() + min(LONGEST_PAUSE, 2.0**attempt.refusals)
        self.report.refused[attempt.folder.attempt] = message

    def _finished(self, attempt: _Attempt) -> None:
        del self._attempts[attempt.folder.attempt]
        self.report.notes += attempt.transfer.notes
        if (reason := attempt.transfer.dropped) is None:
            self.report.recorded += 1
        else:
            self.report.dropped[attempt.folder.attempt] = reason

    def _measure(self, attempt: _Attempt) -> None:
        """Let MLflow measure the use of this machine while a trial of this process runs."""
        if self._record.system_metrics is None or (run := attempt.transfer.run) is None:
            return
        if attempt.folder.has_ended:
            self._record.system_metrics.stop(run)
        elif attempt.folder.header().owner == self._owner:
            self._record.system_metrics.start(run)


def _state(folder: AttemptFolder) -> tuple[int, bool]:
    """Return the size of the journal, and whether the attempt has ended."""
    ended = folder.has_ended
    try:
        return folder.journal.stat().st_size, ended
    except OSError:
        return 0, ended


def bring_all(drain: StudyDrain, deadline: float, pause: Callable[[float], None] = time.sleep) -> None:
    """Do rounds until everything that has ended is in the store, nothing else can be brought, or the time is over.

    Attempts that were refused before are tried, too.

    Args:
        drain: the drain.
        deadline: the time by `time.monotonic` at which no further round begins.
        pause: waits between two rounds.
    """
    drain.forget_refusals()
    while not (drain.round() or drain.waits_for_nothing_else() or time.monotonic() > deadline):
        pause(0.5)


def sentences(reports: Sequence[Report]) -> list[str]:
    """Return the problems of single attempts in some reports, one sentence each."""
    return [text for report in reports for text in (*report.notes, *report.refused.values())]
