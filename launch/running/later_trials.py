"""The trials of later batches of a search, which are known when the earlier batches have ended."""

import sys
import time
from collections.abc import Callable

from gatebench.errors import UserError
from gatebench.trial import Trial
from launch.config.compose import Plan
from launch.running.trial_monitor import TrialMonitor

LOOK_SECONDS = 10.0
"""The time between two looks at the records for outcomes of trials that another process runs."""


class LaterTrials:
    """A function that returns the trials of a plan that have become known since its last call.

    Args:
        plan: the plan with the trials that are known.
        replan: a function that reads the records, and returns the plan with the trials that are known then.
        monitor: the monitor of the running trials. It is told to expect the new ones.

    Attributes:
        plan: the newest plan.
    """

    def __init__(self, plan: Plan, replan: Callable[[], Plan], monitor: TrialMonitor) -> None:
        self.plan = plan
        self._replan, self._monitor = replan, monitor
        self._given = {trial.digest for trial in plan.trials}
        self._told = ""
        self._seen, self._look_again = 0, time.monotonic() + LOOK_SECONDS

    def __call__(self, *, nothing_runs: bool) -> list[Trial]:
        """Return the new trials. The records are read if a batch has ended here, or else every `LOOK_SECONDS`.

        If they cannot be read, the trials that run go on, and the records are read again later.

        Args:
            nothing_runs: whether all trials have ended, so that the records are read in any case.

        Raises:
            UserError: the records cannot be read, or the plan has a mistake, and no trial runs.
        """
        if not self.plan.following or not (nothing_runs or self._is_due()):
            return []
        self._seen, self._look_again = len(self._monitor.outcomes), time.monotonic() + LOOK_SECONDS
        try:
            self.plan = self._replan()
        except UserError as error:
            if nothing_runs:
                raise
            self._tell(f"The next batch is not known yet: {error}")
            return []
        new = [trial for trial in self.plan.trials if trial.digest not in self._given]
        self._given |= {trial.digest for trial in new}
        self._monitor.expect(new)
        return new

    def _tell(self, sentence: str) -> None:
        """Print a sentence to stderr, unless it was the last one."""
        if sentence != self._told:
            print(sentence, file=sys.stderr)
        self._told = sentence

    def _is_due(self) -> bool:
        """Return whether the trials that a batch depends on have ended here, or other processes may have ended some."""
        if time.monotonic() >= self._look_again:
            return True
        ended = {outcome.digest for outcome in self._monitor.outcomes}
        is_new = len(self._monitor.outcomes) > self._seen
        return is_new and any(awaited <= ended for awaited in self.plan.awaited)
