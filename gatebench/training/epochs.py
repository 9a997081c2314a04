"""The best epoch of a training, and the epoch at which it diverged. An epoch is a dict of metrics by name."""

from collections.abc import Mapping, Sequence
from math import isfinite

import torch

from gatebench.task import Metric

History = Sequence[Mapping[str, float]]
"""The metrics of each epoch: "train/loss", "val/accuracy", …"""


def divergence(epoch: Mapping[str, float], metric: Metric) -> str | None:
    """Return why the epoch counts as diverged, or None.

    An epoch has diverged if its training loss or its validation score is not finite.

    Args:
        epoch: the metrics of the epoch.
        metric: the metric of the validation split by which the best epoch is chosen.

    Examples:
        >>> divergence({"train/loss": 0.5, "val/accuracy": float("nan")}, Metric("accuracy", "max"))
        'the validation accuracy was nan'
    """
    values = {"training loss": epoch["train/loss"], f"validation {metric.name}": epoch[f"val/{metric.name}"]}
    for name, value in values.items():
        if not isfinite(value):
            return f"the {name} was {value}"
    return None


def best_epoch(history: History, metric: Metric) -> int | None:
    """Return the number of the best epoch, from 0; of several, the first. None if all epochs have diverged.

    Scores are compared in float32, as by early stopping.
    """
    sign = 1 if metric.direction == "max" else -1
    usable = [number for number, epoch in enumerate(history) if divergence(epoch, metric) is None]
    return max(usable, key=lambda number: sign * _float32(history[number][f"val/{metric.name}"]), default=None)


def divergence_sentence(history: History, metric: Metric, place: str = "") -> str | None:
    """Return the sentence of an outcome whose training has diverged; None if it has not.

    Args:
        history: the epochs. Training stops at the first epoch that has diverged, so it is the last one.
        metric: as in `divergence`.
        place: a text that follows the number of the last epoch, for example " of experience 2".

    Returns:
        "The training loss was nan in epoch 1." if no epoch before it was usable; else "The training diverged after
        epoch 2: the training loss was nan in epoch 3. The figures are those of epoch 1, the best one."
    """
    cause = divergence(history[-1], metric)
    if cause is None:
        return None
    cause += f" in epoch {len(history)}{place}"
    best = best_epoch(history, metric)
    if best is None:
        return f"{cause[0].upper()}{cause[1:]}."
    return (
        f"The training diverged after epoch {len(history) - 1}: {cause}. "
        f"The figures are those of epoch {best + 1}, the best one."
    )


def _float32(value: float) -> float:
    return torch.tensor(value, dtype=torch.float32).item()
