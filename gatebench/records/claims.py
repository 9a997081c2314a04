"""Claims: several drivers share a study, and each trial is run by one of them.

A driver claims the digest of a trial before it runs it. The claims are in the study's records in MLflow, see
`claim_board`. A claim ends when the trial is recorded, when the owner ends, or when the owner is dead. An owner of the
same home is dead if the operating system has released its lock. Another owner is dead if its heartbeat, a counter, has
not changed for a minute while this process looked at it. The clocks of the machines are not compared.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from threading import Event, Lock, Thread
from types import TracebackType

from gatebench.errors import UserError
from gatebench.records.address import is_server
from gatebench.records.claim_board import ClaimBoard
from gatebench.records.claim_log import ENDS_PER_ENTRY, Entry, chunks
from gatebench.records.mlflow_client import readable_errors, short_timeouts
from gatebench.records.owner import Owner, is_dead
from gatebench.records.record import Record

Names = tuple[str, ...]

BEAT_SECONDS = 10.0
"""The time between two heartbeats."""

DEAD_SECONDS = 60.0
"""The time without a heartbeat after which an owner of another home is dead."""


class Claims:
    """The claims of one owner on the trials of one study.

    It is a context manager: inside the block a thread writes the heartbeat, and the end gives all claims back. Enter
    the block before the study's outcomes are read. The outcomes do not contain a trial that another owner ends after
    that, so the first `take` that asks for such a trial leaves it out, and the caller looks at the outcomes again.

    If the records cannot be reached, `take` returns all digests, so that training continues. The claims are made up
    for when the records can be reached again; `lost` then has the trials that another owner has claimed, too.

    Args:
        record: the records of the study.
        owner: the owner, see `owner_of`.
        beat_seconds: the time between two heartbeats.
        dead_seconds: the time without a heartbeat after which an owner of another home is dead.
        clock: seconds that only grow, on this machine.

    Attributes:
        problem: the reason why the records cannot be used now; None: they can.
    """

    def __init__(
        self,
        record: Record,
        owner: Owner,
        *,
        beat_seconds: float = BEAT_SECONDS,
        dead_seconds: float = DEAD_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.problem: str | None = None
        self._record, self._owner, self._clock = record, owner, clock
        self._beat_seconds, self._silences = beat_seconds, Silences(dead_seconds, 2 * beat_seconds)
        self._board: ClaimBoard | None = None
        self._name = owner.name  # in the log; it changes if other drivers have declared this owner dead
        self._taken: dict[str, None] = {}  # the digests that this owner runs
        self._ended: dict[str, None] = {}  # to be released with the next entry
        self._unused: dict[str, None] = {}  # to be given back with the next entry
        self._lost: set[str] = set()
        self._entries = self._beats = 0
        self._lock = Lock()  # while requests are made; the methods that make none do not wait for a slow server
        self._stop = Event()
        self._thread = Thread(target=self._beat_until_the_end, name="gatebench-claims", daemon=True)

    def __enter__(self) -> Claims:
        with self._lock, self._noting_problems():
            self._beat()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        with self._lock, self._noting_problems():
            if self.problem is None:
                self._write_ends()
                self._append(dead=(self._name,))
                self._open().forget_heartbeat(self._name)

    def take(self, digests: Sequence[str]) -> frozenset[str]:
        """Claim trials, and return the digests of those that this owner may run now.

        The others have a live owner, or another owner has ended them since the last look, see the class. Two drivers
        share the work if each of them takes a few trials at a time.
        """
        wanted = dict.fromkeys(digests)
        if self.problem is None:
            with self._lock, self._noting_problems():
                if not wanted.keys().isdisjoint(self._ended.keys() | self._unused.keys()):
                    self._write_ends()  # before they are claimed again
                return self._claim(wanted)
        for digest in wanted:
            self._ended.pop(digest, None)
            self._unused.pop(digest, None)
        self._taken.update(wanted)
        return frozenset(wanted)

    def others(self, digests: Iterable[str]) -> dict[str, str]:
        """Return the live other owners of trials, as far as this process knows: {digest: "HOST, process 12"}."""
        if self._board is None:
            return {}
        state = self._board.state
        holders = {digest: state.holders.get(digest, self._name) for digest in digests}
        return {digest: state.labels.get(holder, "") for digest, holder in holders.items() if holder != self._name}

    def release(self, digests: Iterable[str]) -> None:
        """Release trials that have ended and are recorded. It is written with the next `take` or heartbeat."""
        for digest in digests:
            self._taken.pop(digest, None)
            self._ended[digest] = None

    def give_back(self, digests: Iterable[str]) -> None:
        """Release trials that have not ended, so that another owner may take them. It is written like `release`."""
        for digest in digests:
            self._taken.pop(digest, None)
            self._unused[digest] = None

    def lost(self) -> frozenset[str]:
        """Return the trials that this owner runs and another owner has claimed, because this one did not answer."""
        return frozenset(self._lost)

    def is_dead(self, name: str) -> bool:
        """Return whether an owner is known to be dead: its lock is free, or a driver has noticed its silence."""
        known = is_dead(self._record.home, name)
        return known is True or (known is None and self._board is not None and name in self._board.state.dead)

    def _claim(self, wanted: Mapping[str, None]) -> frozenset[str]:
        """Claim trials until each of them has an owner, and return those of this owner."""
        board, is_fresh = self._open(), False
        while True:
            self._rejoin()
            state = board.state
            ended = {digest for digest in wanted if state.ended.get(digest, self._name) != self._name}
            free = [digest for digest in wanted if digest not in state.holders and digest not in ended]
            if free:
                self._try_to_append(take=next(chunks(free)))  # after a conflict, other digests may be free
            elif all(state.holders.get(digest) == self._name for digest in wanted if digest not in ended):
                break
            elif not is_fresh:
                board.read()
                is_fresh = True
            elif not self._bury({state.holders[digest] for digest in wanted if digest in state.holders}):
                break
        self._write_ends()
        for digest in wanted:
            state.ended.pop(digest, None)
        own = frozenset(digest for digest in wanted if board.state.holders.get(digest) == self._name)
        self._taken.update(dict.fromkeys(own))
        return own

    def _bury(self, owners: Iterable[str]) -> bool:
        """Declare those owners dead that are, and return whether there were any."""
        dead = sorted(name for name in set(owners) - {self._name} if self._has_died(name))
        for names in chunks(dead):
            self._append(dead=names)
        for name in dead:
            self._open().forget_heartbeat(name)
        return bool(dead)

    def _has_died(self, name: str) -> bool:
        known = is_dead(self._record.home, name.partition(".")[0])
        return self._silences.is_dead(name) if known is None else known

    def _append(self, *, dead: Names = ()) -> None:
        """Append an entry. It is tried again if other drivers append at the same time."""
        while not self._try_to_append(dead=dead):
            pass

    def _try_to_append(self, *, take: Names = (), dead: Names = ()) -> bool:
        """Append an entry, which also contains trials that were released and given back since the last one."""
        self._entries += 1
        ended, unused = (tuple(islice(list(ends), ENDS_PER_ENTRY)) for ends in (self._ended, self._unused))
        entry = Entry(self._name, self._owner.label, take, ended, unused, dead, number=self._entries)
        if not self._open().append(entry):
            return False
        for ends, written in ((self._ended, ended), (self._unused, unused)):
            for digest in written:
                ends.pop(digest, None)
        return True

    def _write_ends(self) -> None:
        """Write the trials that were released and given back since the last time."""
        while self._ended or self._unused:
            self._append()

    def _rejoin(self) -> None:
        """Continue under another name if other drivers have declared this owner dead, and claim its trials again."""
        state = self._open().state
        if self._name in state.dead:
            _, _, generation = self._name.partition(".")
            self._name = f"{self._owner.name}.{int(generation or 0) + 1}"
            for part in chunks([digest for digest in list(self._taken) if digest not in state.holders]):
                self._try_to_append(take=part)  # after a conflict, the next heartbeat tries again
        self._lost = {digest for digest in self._taken if state.holders.get(digest, self._name) != self._name}

    def _beat_until_the_end(self) -> None:
        while not self._stop.wait(self._beat_seconds):
            with self._lock, self._noting_problems():
                self._beat()

    def _beat(self) -> None:
        """Write the heartbeat and the releases, read the others, and claim the trials taken without the records."""
        board = self._open()
        self._beats += 1
        board.read()
        self._rejoin()
        board.beat(self._name, self._beats)
        self._silences.look(board.heartbeats(), set(board.state.holders.values()), self._clock())
        self._bury(set(board.state.holders.values()))
        self._write_ends()
        unclaimed = [digest for digest in list(self._taken) if digest not in board.state.holders]
        for part in chunks(unclaimed):
            self._try_to_append(take=part)  # after a conflict, the next heartbeat tries again
        self.problem = None

    def _open(self) -> ClaimBoard:
        if self._board is None:
            record = self._record
            self._board = ClaimBoard(record.client, record.experiment_id, artifact_location=not is_server(record.uri))
            self._board.state.ended.clear()  # those are in the outcomes that are read after this
        return self._board

    @contextmanager
    def _noting_problems(self) -> Iterator[None]:
        """Keep the reason why the records cannot be used, instead of raising it."""
        try:
            with short_timeouts(), readable_errors(self._record.uri):
                yield
        except UserError as error:
            self.problem = str(error)


class Silences:
    """How long the heartbeats of other owners have not changed.

    Only time in which this process looked regularly is counted. A process that was stopped, or whose server was away,
    has not seen the others' heartbeats.

    Args:
        dead_seconds: the silence after which an owner is dead.
        longest_gap: the largest time between two looks that is counted, in seconds.
    """

    def __init__(self, dead_seconds: float, longest_gap: float) -> None:
        self._dead_seconds, self._longest_gap = dead_seconds, longest_gap
        self._last: Mapping[str, str] = {}
        self._seconds: dict[str, float] = {}
        self._looked_at: float | None = None

    def look(self, heartbeats: Mapping[str, str], owners: Iterable[str], now: float) -> None:
        """Compare the heartbeats of owners with those of the last look.

        Args:
            heartbeats: {name: counter}. An owner without a counter is silent.
            owners: the names of the owners that hold trials.
            now: the time of this process, in seconds.
        """
        gap = 0.0 if self._looked_at is None else min(now - self._looked_at, self._longest_gap)
        self._seconds = {
            name: self._seconds[name] + gap
            if name in self._seconds and self._last.get(name) == heartbeats.get(name)
            else 0.0
            for name in owners
        }
        self._last, self._looked_at = dict(heartbeats), now

    def is_dead(self, name: str) -> bool:
        """Return whether an owner has been silent for so long that it is dead."""
        return self._seconds.get(name, 0.0) >= self._dead_seconds
