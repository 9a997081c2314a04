"""The state of each trial: planned, running, or how it ended."""

from collections.abc import Collection, Iterable, Mapping
from typing import Literal, get_args

from gatebench.outcome import Outcome, Status

State = Literal["planned", "running", "done", "diverged", "refused", "failed", "interrupted", "lost"]
"""The state of a trial.

planned      it has not run yet
running      a process runs it now
done         it has a result
diverged     it has a result: the loss became infinite
refused      the machine cannot run it; it is run again if the versions, the devices or the C compiler change
failed       it ended with an error; it is run again
interrupted  it was stopped; it is run again and continues
lost         the process that ran it died; it is run again and continues
"""

STATES: tuple[State, ...] = get_args(State)

_STATE_OF: Mapping[Status, State] = {
    "finished": "done",
    "diverged": "diverged",
    "refused": "refused",
    "failed": "failed",
    "interrupted": "interrupted",
    "lost": "lost",
}


def states_of(digests: Iterable[str], outcomes: Iterable[Outcome], running: Collection[str]) -> dict[str, State]:
    """Return {digest: state} of some trials.

    A trial with a result keeps it if a later attempt fails. Otherwise the newest outcome counts.

    Args:
        digests: the digests of the trials.
        outcomes: the outcomes of their study, oldest first.
        running: the digests of the trials that run now.
    """
    states: dict[str, State] = dict.fromkeys(digests, "planned")
    for outcome in outcomes:
        if outcome.digest in states and (outcome.has_result or states[outcome.digest] not in ("done", "diverged")):
            states[outcome.digest] = _STATE_OF[outcome.status]
    return states | {digest: "running" for digest in running if digest in states}


def summary(states: Iterable[State]) -> str:
    """Return the number of trials in each state: "3 planned, 1 running, 8 done"."""
    found = list(states)
    return ", ".join(f"{found.count(state):,} {state}" for state in STATES if state in found)
