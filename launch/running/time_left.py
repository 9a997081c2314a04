"""The rate of the trials that run, and an estimate of the time until all trials of a plan have ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from gatebench.outcome import Outcome
from gatebench.records.open_run import OpenRun
from launch.running.states import State


@dataclass(frozen=True)
class TimeLeft:
    """The rate and the time left.

    Attributes:
        epochs_per_second: the epochs of all trials that run; None before the first epoch has ended.
        trials_per_minute: the trials that end in a minute; None if no duration is known.
        seconds: the estimated time until all trials have ended; None if no duration is known.
    """

    epochs_per_second: float | None
    trials_per_minute: float | None
    seconds: float | None


def time_left(states: Sequence[State], outcomes: Sequence[Outcome], runs: Sequence[OpenRun], now: float) -> TimeLeft:
    """Return the rate and the time left.

    The duration of a trial is the mean of those that have ended. Before the first one has ended, it is that of the
    largest number of epochs at the speed of the trials that run: early stopping makes it shorter.

    Args:
        states: the states of all trials.
        outcomes: the outcomes of the trials.
        runs: the trials that run.
        now: the time, in seconds since 1970.
    """
    speeds = [run.epochs / (now - run.began) for run in runs if run.epochs and now > run.began > 0]
    epochs = sum(speeds) if speeds else None
    durations = [outcome.metrics["seconds"] for outcome in outcomes if outcome.metrics.get("seconds", 0) > 0]
    if not durations:
        durations = [
            run.most_epochs * (now - run.began) / run.epochs
            for run in runs
            if run.epochs and run.most_epochs and now > run.began > 0
        ]
    if not (durations and runs):
        return TimeLeft(epochs, None, None)
    mean = fmean(durations)
    to_begin = sum(state in ("planned", "failed", "interrupted", "lost") for state in states)
    rest = [max(mean - (now - run.began), 0.0) if run.began else mean for run in runs]
    return TimeLeft(epochs, 60 * len(runs) / mean, (to_begin * mean + sum(rest)) / len(runs))
