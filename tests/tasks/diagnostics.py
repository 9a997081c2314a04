"""Answers to the tasks that are drawn from a seed: of one who has forgotten what matters, and of one who has not."""

from collections.abc import Callable

import torch
from torch import Tensor

from gatebench.task import Batch
from tests.tasks.answers import oracle

Answer = Callable[[Batch, Tensor], Tensor]
"""From a batch, and random logits of the head's shape, to logits."""


def recall(batch: Batch, logits: Tensor) -> Tensor:
    """Return logits (T, B, C), certain of the last class until the symbols of `batch.y` (B, K) come at the end."""
    classes = torch.full(logits.shape[:2], logits.shape[2] - 1)
    classes[-batch.y.shape[1] :] = batch.y.T
    return 1000.0 * torch.nn.functional.one_hot(classes, logits.shape[2])


def lost(batch: Batch, logits: Tensor) -> Tensor:
    """Return what `recall` does, but that at the end one symbol is as likely as another."""
    answers = recall(batch, logits)
    answers[-batch.y.shape[1] :] = 0
    answers[-batch.y.shape[1] :, :, -1] = -1000.0
    return answers


def guess(batch: Batch, logits: Tensor) -> Tensor:
    return logits


DIAGNOSTICS: dict[str, tuple[Answer, Answer]] = {
    "adding": (lambda batch, _: torch.ones(len(batch.y), 1), lambda batch, _: batch.y[:, None]),
    "copying": (lost, recall),
    "selective_copying": (guess, recall),
    "parity": (guess, oracle),
    "reber": (guess, lambda batch, _: batch.y[..., 1:].float()),
}  # task: (who scores chance, who scores the optimum)
