"""The loss and the scores of tasks that repeat symbols at the end. T time, B batch, C classes, K symbols."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch


@dataclass(frozen=True)
class Recall:
    """The targets: the symbols of `batch.y` (B, K) at the last K steps, and a blank at all steps before.

    Attributes:
        blank: the class of the blank.
    """

    blank: int = 0

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy, in nats a step, of logits (T, B, C)."""
        return functional.cross_entropy(logits.flatten(0, 1), self._targets(logits, batch).flatten())

    def tally(self, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the sum of the cross-entropy in nats, and the numbers of correct symbols, steps and symbols."""
        targets, recalled = self._targets(logits, batch), batch.y.shape[1]
        nats = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
        correct = (logits[-recalled:].argmax(-1) == targets[-recalled:]).sum()
        return {
            "nats": nats,
            "correct": correct,
            "steps": torch.full_like(correct, targets.numel()),
            "symbols": torch.full_like(correct, batch.y.numel()),
        }

    def scores(self, totals: Mapping[str, float]) -> dict[str, float]:
        """Return the cross-entropy in nats a step and the share of correct symbols, from added tallies."""
        return {
            "cross_entropy": totals["nats"] / totals["steps"],
            "accuracy": totals["correct"] / totals["symbols"],
        }

    def _targets(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the target classes (T, B) for logits (T, B, C)."""
        recalled = batch.y.long().T
        before = recalled.new_full((len(logits) - len(recalled), len(batch.y)), self.blank)
        return torch.cat([before, recalled])
