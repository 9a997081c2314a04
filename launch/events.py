"""What is told about trials while they run: each has started, has done an epoch, or has ended."""

from collections.abc import Callable
from dataclasses import dataclass

from gatebench.outcome import Epoch, Outcome


@dataclass(frozen=True)
class Started:
    """A trial has started; `when` is in seconds since 1970."""

    digest: str
    when: float


Event = Started | Epoch | Outcome
Tell = Callable[[Event], None]
