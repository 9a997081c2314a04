"""Scores of a choice between two classes, of which the second, number 1, is the one that is looked for. B batch."""

from collections.abc import Mapping

from torch import Tensor

from gatebench.task import Batch


def count_two(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return how many examples are found rightly, found wrongly, missed, and left rightly, of logits (B, 2)."""
    found, is_there = logits.argmax(-1) == 1, batch.y == 1
    return {
        "found": (found & is_there).sum(),
        "found wrongly": (found & ~is_there).sum(),
        "missed": (~found & is_there).sum(),
        "left": (~found & ~is_there).sum(),
    }


def two_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return accuracy, error and F1 (0 where nothing was found rightly), from 0 to 1, of added tallies."""
    right, wrong = totals["found"] + totals["left"], totals["found wrongly"] + totals["missed"]
    f1 = 2 * totals["found"] / (2 * totals["found"] + wrong) if totals["found"] else 0.0
    return {"accuracy": right / (right + wrong), "error": wrong / (right + wrong), "f1": f1}
