"""A run of a trial that has no end yet, as the spool and the store show it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class OpenRun:
    """A run of a trial that has no end yet.

    Attributes:
        digest: the digest of the trial.
        name: the name of the run, for example "lstm · digits · seed 0".
        attempt: the name of the attempt; "" in records of earlier versions.
        owner: the name of the process that runs the trial; "" in records of earlier versions.
        began: the time at which the trial began, in seconds since 1970; 0: unknown.
        epochs: the number of epochs that have ended.
        most_epochs: the largest number of epochs; 0: unknown.
        metric: the name of the headline metric; "" in records of earlier versions.
        score: its last value on the validation split; None before the first one.
    """

    digest: str
    name: str
    attempt: str
    owner: str
    began: float
    epochs: int
    most_epochs: int
    metric: str
    score: float | None

    @classmethod
    def of(
        cls,
        name: str,
        began: float,
        tags: Mapping[str, str],
        params: Mapping[str, str],
        epochs: int,
        score: float | None,
    ) -> "OpenRun":
        """Return the run that the store describes.

        Args:
            name: the name of the run.
            began: the time at which it began, in seconds since 1970.
            tags: the tags of the run.
            params: the params of the run.
            epochs: the number of epochs that have ended.
            score: the last value of the headline metric on the validation split.
        """
        return cls(
            digest=tags["digest"],
            name=name or tags["digest"],
            attempt=tags.get("attempt", ""),
            owner=tags.get("owner", ""),
            began=began,
            epochs=epochs,
            most_epochs=number_of_epochs(params),
            metric=tags.get("metric", ""),
            score=score,
        )


def number_of_epochs(params: Mapping[str, str]) -> int:
    """Return the largest number of epochs of a trial from its params; 0 if they do not tell it."""
    text = params.get("training.max_epochs", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
