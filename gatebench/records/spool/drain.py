"""The drain: a thread that brings the attempts in a spool into the store, so that training never waits."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Self

from gatebench.counted import counted
from gatebench.records.owner import Owner
from gatebench.records.record import Record
from gatebench.records.spool.spool import Spool
from gatebench.records.spool.study_drain import LONGEST_PAUSE, Report, StudyDrain, bring_all

ROUND_SECONDS = 1.0
"""The time between two rounds. A server needs 50 ms for a request of any size, so epochs are collected."""

SECONDS_AT_THE_END = 15.0
"""The time for which the end of the drain waits for the store."""


class Drain:
    """A thread that brings everything in the spool of a study into the store, during the block of a `with` statement.

    The end of the block waits until all trials that have ended are in the store, but not longer than
    `SECONDS_AT_THE_END`. The others stay in the spool; `left` says so.

    Args:
        record: the records of the study.
        spool: the spool of the study.
        owner: this process.
    """

    def __init__(self, record: Record, spool: Spool, owner: Owner) -> None:
        self._record, self._spool = record, spool
        self._drain = StudyDrain(record, spool, owner.name)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="drain", daemon=True)

    @property
    def problem(self) -> str | None:
        """The reason for which the store cannot be written to now; None if it can."""
        return self._drain.problem

    @property
    def report(self) -> Report:
        """The attempts that were brought into the store, and those that could not be brought."""
        return self._drain.report

    def waiting(self) -> int:
        """Return the number of ended trials that are not in the store yet."""
        return self._spool.waiting()

    def left(self) -> str | None:
        """Return a sentence about the trials that stay in the spool; None if there are none."""
        waiting = self.waiting()
        if not waiting:
            return None
        reason = self.problem or next(iter(self.report.refused.values()), "the records answer slowly")
        return (
            f"{counted(waiting, 'trial')} of the study {self._record.study!r} could not be recorded and "
            f"{'waits' if waiting == 1 else 'wait'} in {self._spool.folder.path}: {reason.rstrip('.')}; "
            "bring them to the records with gatebench drain."
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(SECONDS_AT_THE_END)

    def _run(self) -> None:
        """Do rounds until the end. The pause grows while the store does not answer."""
        pause = ROUND_SECONDS
        try:
            while not self._stop.wait(pause):
                self._round()
                pause = ROUND_SECONDS if self._drain.problem is None else min(LONGEST_PAUSE, 2 * pause)
            bring_all(self._drain, time.monotonic() + SECONDS_AT_THE_END)
        except Exception as error:
            self._drain.problem = _unexpected(error)
        finally:
            self._drain.close()

    def _round(self) -> None:
        """Do a round. An unexpected error is a problem like others: training goes on, and the trials stay on disk."""
        try:
            self._drain.round()
        except Exception as error:
            self._drain.problem = _unexpected(error)


def _unexpected(error: Exception) -> str:
    return f"The records cannot be written to: {type(error).__name__}: {str(error).partition(chr(10))[0]}."
