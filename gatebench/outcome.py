"""What a trial says while it runs, and what it leaves behind. Standard library only: any process can read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["finished", "diverged", "refused", "failed", "interrupted"]


@dataclass(frozen=True)
class Epoch:
    """One epoch's figures.

    metrics: by name, e.g. "train/loss", "val/accuracy", "gate/l0/f/mean". `total`: epochs planned.
    """

    digest: str
    epoch: int
    total: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Outcome:
    """The end of a trial: a refusal and a divergence are results too, with their sentence.

    metrics: final figures, e.g. "test/accuracy", "best/val/accuracy", "best/epoch", "parameters", "seconds",
    "gate/l0/f/mean" (at the best epoch). facts: what ran: backend, device, versions, commit, host, data checksums.
    """

    digest: str  # of the trial
    cell: str  # label in tables, e.g. "lstm[i=1]"
    cell_digest: str  # of the equations
    task: str
    seed: int
    status: Status
    sentence: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
