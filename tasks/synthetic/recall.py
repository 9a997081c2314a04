"""Symbols that are recalled at the last steps: the loss and the scores. T time, B batch, C classes, K symbols."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch


@dataclass(frozen=True)
class Recall:
    """What is scored: at each of the last K steps the symbol of `batch.y` (B, K), and `blank` at all steps before."""

    blank: int = 0

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the mean cross-entropy, in nats a step, of logits (T, B, C)."""
        return functional.cross_entropy(logits.flatten(0, 1), self._targets(logits, batch).flatten())

    def tally(self, logits: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Return the nats and the steps, how many symbols are recalled, and how many there are."""
        targets, recalled = self._targets(logits, batch), batch.y.shape[1]
        nats = functional.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
        correct = (logits[-recalled:].argmax(-1) == targets[-recalled:]).sum()
        counts = {"steps": targets.numel(), "symbols": batch.y.numel()}
        return {"nats": nats, "correct": correct, **{n: torch.full_like(correct, v) for n, v in counts.items()}}

    def scores(self, totals: Mapping[str, float]) -> dict[str, float]:
        """Return the cross-entropy in nats a step, and which part of the symbols is recalled."""
        return {
            "cross_entropy": totals["nats"] / totals["steps"],
            "accuracy": totals["correct"] / totals["symbols"],
        }

    def _targets(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the classes (T, B) that belong to logits (T, B, C)."""
        recalled = batch.y.long().T
        before = recalled.new_full((len(logits) - len(recalled), len(batch.y)), self.blank)
        return torch.cat([before, recalled])
