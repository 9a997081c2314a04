"""Scores of binary classification. Class 1 is the positive class. B batch.

They are written by hand because a task's scores are functions of sums over all batches (see `Problem.tally`), and
`sklearn.metrics` needs all predictions at once.
"""

from collections.abc import Mapping

from torch import Tensor

from gatebench.task import Batch


def count_outcomes(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the numbers of true and false positives and negatives of the logits (B, 2)."""
    predicted, actual = logits.argmax(-1) == 1, batch.y == 1
    return {
        "true_positives": (predicted & actual).sum(),
        "false_positives": (predicted & ~actual).sum(),
        "false_negatives": (~predicted & actual).sum(),
        "true_negatives": (~predicted & ~actual).sum(),
    }


def binary_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return accuracy, error and F1, from 0 to 1, from the added counts. F1 is 0 if there are no true positives."""
    correct = totals["true_positives"] + totals["true_negatives"]
    wrong = totals["false_positives"] + totals["false_negatives"]
    f1 = 2 * totals["true_positives"] / (2 * totals["true_positives"] + wrong) if totals["true_positives"] else 0.0
    return {"accuracy": correct / (correct + wrong), "error": wrong / (correct + wrong), "f1": f1}
