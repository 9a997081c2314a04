"""The trials of a sweep that are to be submitted: only those that no other driver runs."""

import time
from collections import deque
from collections.abc import Callable, Sequence

from gatebench.trial import Trial

HELD_SECONDS = 10.0
"""The time after which a trial that another driver runs is asked for again."""

Take = Callable[[Sequence[str]], frozenset[str]]
"""A function that claims trials by their digests, and returns the digests of those that are ours now."""


class TrialQueue:
    """The trials that are not submitted yet, in their order. Trials that another driver runs come last.

    Args:
        trials: the trials.
        take: the function that claims trials.
        done: a function that tells whether the records contain a result of a trial of another driver.
    """

    def __init__(self, trials: Sequence[Trial], take: Take, done: Callable[[str], bool]) -> None:
        self._waiting = deque(trials)
        self._again: deque[Trial] = deque()
        self._held: deque[Trial] = deque()
        self._ask_again = 0.0
        self._take, self._done = take, done

    def __len__(self) -> int:
        return len(self._again) + len(self._waiting) + len(self._held)

    @property
    def held(self) -> int:
        """The number of trials that another driver runs, as far as is known."""
        return len(self._held)

    def retry(self, trial: Trial) -> None:
        """Add a trial that is ours already, before all others."""
        self._again.append(trial)

    def next(self, number: int) -> list[Trial]:
        """Return trials that are ours and are to be submitted now: at most `number`, fewer if others are held."""
        ours: list[Trial] = []
        while self._again and len(ours) < number:
            ours.append(self._again.popleft())
        while self._waiting and len(ours) < number:
            count = min(number - len(ours), len(self._waiting))
            ours += self._claim([self._waiting.popleft() for _ in range(count)])
        if self._held and time.monotonic() >= self._ask_again:
            held = [trial for trial in self._held if not self._done(trial.digest)]
            self._held.clear()
            while held and len(ours) < number:
                count = number - len(ours)
                ours += self._claim(held[:count])
                del held[:count]
            self._held.extendleft(reversed(held))
        return ours

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
