"""Scores of classification with any number of classes. B batch, C classes.

They are written by hand because a task's scores are functions of sums over all batches (see `Problem.tally`).
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from gatebench.task import Batch


def count_classes(logits: Tensor, batch: Batch, classes: int) -> dict[str, Tensor]:
    """Return for each class how often it is predicted, actual, and both, from the logits (B, C)."""
    predicted, actual = logits.argmax(-1), batch.y.long()
    ones = torch.ones_like(predicted)
    counted = {
        "both": (predicted, (predicted == actual).long()),
        "predicted": (predicted, ones),
        "actual": (actual, ones),
    }
    return {
        f"{kind} {number}": count
        for kind, (found, weights) in counted.items()
        for number, count in enumerate(ones.new_zeros(classes).scatter_add_(0, found, weights).unbind())
    }


def class_scores(totals: Mapping[str, float], classes: int) -> dict[str, float]:
    """Return accuracy, error and macro F1, from 0 to 1, from the added counts of `count_classes`.

    Macro F1 is the mean over the classes of 2 · both / (predicted + actual), which is 0 for a class that is never
    predicted. Classes without an example and without a prediction do not count.
    """
    both, predicted, actual = (
        [totals[f"{kind} {number}"] for number in range(classes)] for kind in ("both", "predicted", "actual")
    )
    accuracy = sum(both) / sum(actual)
    f1 = [2 * b / (p + a) for b, p, a in zip(both, predicted, actual, strict=True) if p + a]
    return {"accuracy": accuracy, "error": 1 - accuracy, "macro_f1": sum(f1) / len(f1)}
