"""The epochs and the outcome of a trial: plain data that any process can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gatebench.task import Metric

if TYPE_CHECKING:
    from gatebench.trial import Trial

Status = Literal["finished", "diverged", "refused", "failed", "interrupted", "lost"]
"""How a trial ended. It is lost if the process that ran it died, so that nothing is known of its end."""

RESULTS: tuple[Status, ...] = ("finished", "diverged")
"""The statuses that are results: the same trial would end in the same way, so it is not run again."""

STOPPED_AFTER = "stopped_after_epoch"
"""The fact of a trial that `search.stop` has stopped: the number of its last epoch. The best epoch is its result."""


@dataclass(frozen=True)
class Epoch:
    """The metrics of one epoch.

    Attributes:
        digest: the digest of the trial.
        epoch: the number of the epoch, from 0.
        total: the number of epochs planned.
        metrics: the values by name, for example "train/loss", "val/accuracy", "gate/l0/f/mean".
        when: the time at which it ended, in seconds since 1970; 0: unknown.
    """

    digest: str
    epoch: int
    total: int
    metrics: Mapping[str, float]
    when: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """The end of a trial. A refusal and a divergence are outcomes too, with a message.

    Attributes:
        digest: the digest of the trial.
        cell: the cell's label in tables, for example "lstm[i=1]".
        cell_digest: the digest of the cell's equations.
        task: the task's label in tables.
        seed: the trial's seed.
        status: how the trial ended.
        sentence: the message, where the trial did not finish.
        metrics: the final values by name, for example "test/accuracy", "best/val/accuracy", "best/epoch",
            "parameters", "seconds", and at the best epoch "gate/l0/f/mean".
        facts: what the trial ran on: backend, device, versions, commit, host, data checksums.
        metric: the task's headline metric. None in records of earlier versions, which did not keep it.
        chance: the headline metric of a blind guess. None in records of earlier versions.
        other_metrics: the task's other metrics. Empty in records of earlier versions.
        table_metrics: the names of the metrics that tables show by default. Empty: only the headline metric.
        settings: the settings of the trial by dotted key, for example {"model.hidden_size": "64"}; all are texts.
        files: {name: content} of the files that are kept with the run, for example "gates.npz".
        when: the time at which the trial ended, in seconds since 1970; 0: unknown.
    """

    digest: str
    cell: str
    cell_digest: str
    task: str
    seed: int
    status: Status
    sentence: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    metric: Metric | None = None
    chance: float | None = None
    other_metrics: tuple[Metric, ...] = ()
    table_metrics: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    when: float = 0.0

    @classmethod
    def of(
        cls,
        trial: Trial,
        status: Status,
        sentence: str = "",
        *,
        metrics: Mapping[str, float] | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Return the outcome of a trial, with the labels, the digests, the metric and the chance of the trial."""
        cell, task = trial.build_compared(), trial.build_task()
        return cls(
            digest=trial.digest,
            cell=cell.name,
            cell_digest=cell.digest,
            task=task.label,
            seed=trial.seed,
            status=status,
            sentence=sentence,
            metrics=metrics or {},
            facts=facts or {},
            metric=task.metrics[0],
            chance=task.chance,
            other_metrics=task.metrics[1:],
            table_metrics=task.table_metrics,
            settings=trial.flat_settings(),
        )

    @property
    def has_result(self) -> bool:
        """Whether this is a result, so that the trial is not run again."""
        return self.status in RESULTS

    @property
    def is_stopped(self) -> bool:
        """Whether `search.stop` has stopped the trial before its last epoch."""
        return STOPPED_AFTER in self.facts
