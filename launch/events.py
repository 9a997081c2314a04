"""The events of a trial: it has started, it has ended an epoch, it has saved a checkpoint, it has ended.

A Ray worker sends these to the driver; `launch/running/driver.py` describes how.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gatebench.outcome import Epoch, Outcome


@dataclass(frozen=True)
class Started:
    """A trial has started.

    Attributes:
        digest: the digest of the trial.
        when: the time at which it started, in seconds since 1970.
    """

    digest: str
    when: float


@dataclass(frozen=True)
class Checkpoint:
    """A trial has saved a checkpoint.

    Attributes:
        digest: the digest of the trial.
        content: the content of the checkpoint.
    """

    digest: str
    content: bytes


Event = Started | Epoch | Checkpoint | Outcome
"""An event. Every event has the digest of its trial."""

EventHandler = Callable[[Event], None]
"""A function that receives the events of trials in their order."""
