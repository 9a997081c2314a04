"""The retries of trials: each cause of an early end has a budget of its own."""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from launch.config.retry_budgets import RetryBudgets

Cause = Literal["crash", "memory", "error", "preempted"]
"""Why an attempt ended without a result: its process or machine died, memory ran out, the trial raised an exception, or
the machine was taken away."""


class Retries:
    """The retries of the trials of a sweep.

    Args:
        budgets: the largest number of retries of a trial by cause.
    """

    def __init__(self, budgets: RetryBudgets) -> None:
        self._budgets: Mapping[str, int] = vars(budgets)
        self._used: Counter[tuple[str, Cause]] = Counter()
        self._history: dict[str, list[str]] = {}

    def allow(self, digest: str, cause: Cause, sentence: str) -> bool:
        """Return whether the budget of the cause allows another attempt, and note the end of the last one if it does.

        Args:
            digest: the digest of the trial.
            cause: why the attempt ended.
            sentence: the end of the attempt, for the history.
        """
        if self._used[digest, cause] >= self._budgets[cause]:
            return False
        self._used[digest, cause] += 1
        self._history.setdefault(digest, []).append(sentence)
        return True

    def number(self, digest: str) -> int:
        """Return the number of retries of a trial."""
        return len(self._history.get(digest, ()))

    def history(self, digest: str, last: str) -> str:
        """Return a trial's last end as one sentence, followed by the ends of the earlier attempts.

        Args:
            digest: the digest of the trial.
            last: the end of the last attempt.
        """
        earlier = self._history.get(digest, [])
        if not earlier:
            return last
        before = "; ".join(f"attempt {i}: {text.rstrip('.')}" for i, text in enumerate(earlier, 1))
        return f"{last.rstrip('.')} (attempt {len(earlier) + 1}; {before})."
