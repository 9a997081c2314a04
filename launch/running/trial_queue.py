"""The trials of a sweep that are to be submitted: only those that no other driver runs."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from gatebench.trial import Trial

HELD_SECONDS = 10.0
"""The time after which a trial that another driver runs is asked for again."""

SHORT_SECONDS = 2.0
"""Trials that end faster than this are claimed in larger chunks, because a claim takes longer than such a trial."""

MOST_CLAIMED = 64
"""The largest number of trials that are claimed at a time."""

Choose = Callable[[Sequence[str]], frozenset[str]]
"""A function that gets the digests of some trials and returns some of them."""


class Later(Protocol):
    """A function that returns the trials that have become known since its last call."""

    def __call__(self, *, nothing_runs: bool) -> Sequence[Trial]:
        """Return the new trials.

        Args:
            nothing_runs: whether all trials so far have ended.
        """


def no_later(*, nothing_runs: bool) -> Sequence[Trial]:
    """Return no trials: all are known from the beginning."""
    del nothing_runs
    return ()


class TrialQueue:
    """The trials that are not submitted yet, in their order. Trials that another driver runs come last.

    Args:
        trials: the trials.
        take: the function that claims trials, and returns those that are ours now.
        done: the function that returns those trials that another driver has ended.
        later: the function that returns further trials, which depend on the outcomes of earlier ones.
    """

    def __init__(self, trials: Sequence[Trial], take: Choose, done: Choose, later: Later = no_later) -> None:
        self._waiting = deque(trials)
        self._ours: deque[Trial] = deque()
        self._held: deque[Trial] = deque()
        self._ask_again = 0.0
        self._chunk, self._claimed_at = 1, float("-inf")
        self._take, self._done, self._later = take, done, later

    def __len__(self) -> int:
        return len(self._ours) + len(self._waiting) + len(self._held)

    @property
    def held(self) -> int:
        """The number of trials that another driver runs, as far as is known."""
        return len(self._held)

    def add_later(self, *, nothing_runs: bool) -> None:
        """Append the trials that have become known, if no other trial waits.

        Args:
            nothing_runs: whether no trial is submitted.
        """
        if not self._waiting and not self._ours:
            self._waiting.extend(self._later(nothing_runs=nothing_runs and not self._held))

    def next(self, number: int) -> list[Trial]:
        """Return trials that are ours and are to be submitted now: at most `number`, fewer if others are held."""
        while self._waiting and len(self._ours) < number:
            count = min(self._claim_size(number - len(self._ours)), len(self._waiting))
            self._ours += self._claim([self._waiting.popleft() for _ in range(count)])
        ours = [self._ours.popleft() for _ in range(min(number, len(self._ours)))]
        if self._held and time.monotonic() >= self._ask_again:
            done = self._done([trial.digest for trial in self._held])
            held = [trial for trial in self._held if trial.digest not in done]
            self._held.clear()
            while held and len(ours) < number:
                count = number - len(ours)
                ours += self._claim(held[:count])
                del held[:count]
            self._held.extendleft(reversed(held))
        return ours

    def _claim_size(self, number: int) -> int:
        """Return how many trials to claim if `number` are needed now: twice as many each time if they are short."""
        now = time.monotonic()
        short = now - self._claimed_at < SHORT_SECONDS
        self._chunk = min(2 * self._chunk, MOST_CLAIMED) if short else 1
        self._claimed_at = now
        return max(number, self._chunk)

    def _claim(self, chunk: Sequence[Trial]) -> list[Trial]:
        """Claim some trials. Return those that are ours, and hold the others back."""
        if not chunk:
            return []
        taken = self._take([trial.digest for trial in chunk])
        others = [trial for trial in chunk if trial.digest not in taken]
        if others:
            self._held.extend(others)
            self._ask_again = time.monotonic() + HELD_SECONDS
        return [trial for trial in chunk if trial.digest in taken]
