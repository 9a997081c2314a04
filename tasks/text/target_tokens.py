"""The loss and the counts of writing a sequence of target tokens. U target steps, B batch, V vocabulary.

The targets (U, B) end with `END` and then have padding, which does not count.
"""

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch
from tasks.text.encoder_decoder import PAD
from tasks.text.parallel_text import target_lengths


def target_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy, in nats a token, of logits (U, B, V)."""
    return functional.cross_entropy(logits.flatten(0, 1), batch.y.flatten(), ignore_index=PAD)


def target_tokens(batch: Batch) -> float:
    """Return the number of tokens in the mean of `target_loss`."""
    return float(target_lengths(batch).sum())


def count_targets(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return sums over the batch: the number of tokens, their nats, and those with the largest logit (U, B, V)."""
    valid = batch.y != PAD
    nats = functional.cross_entropy(logits.flatten(0, 1), batch.y.flatten(), ignore_index=PAD, reduction="none")
    return {
        "nats": nats.sum(dtype=torch.float64),
        "tokens": valid.sum(),
        "correct": ((logits.argmax(-1) == batch.y) & valid).sum(),
    }
