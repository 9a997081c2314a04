"""The loss and the scores of predicting the next token of a text. T time, B batch, V vocabulary.

A batch has the tokens (T, B) as its inputs, and the next token of each step (T, B) as its targets.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch
from tasks.blocks.valid_steps import valid_count, valid_values

LARGEST_NATS = 700.0  # e to the power of more is infinite in float64


def next_token_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy, in nats a token, of logits (T, B, V)."""
    chosen, targets = valid_values(batch, logits, batch.y)
    return functional.cross_entropy(chosen, targets.long())


def tokens(batch: Batch) -> float:
    """Return the number of tokens in the mean of `next_token_loss`."""
    return float(valid_count(batch))


def count_tokens(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return sums over the batch: the number of tokens, their nats, and those with the largest logit (T, B, V)."""
    chosen, targets = valid_values(batch, logits, batch.y.long())
    nats = functional.cross_entropy(chosen, targets, reduction="none")
    return {
        "nats": nats.sum(dtype=torch.float64),
        "tokens": torch.tensor(len(targets)),
        "correct": (chosen.argmax(-1) == targets).sum(),
    }


def bits_and_accuracy(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the bits a token, which are nats divided by ln 2, and the share of tokens with the largest logit."""
    return {
        "bits": totals["nats"] / totals["tokens"] / math.log(2),
        "accuracy": totals["correct"] / totals["tokens"],
    }


def perplexity_and_accuracy(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the perplexity, e to the power of the nats a token, and the share of tokens with the largest logit."""
    nats = totals["nats"] / totals["tokens"]
    perplexity = math.exp(nats) if nats < LARGEST_NATS else math.inf
    return {"perplexity": perplexity, "accuracy": totals["correct"] / totals["tokens"]}


def nats_and_accuracy(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the nats a token, and the share of tokens with the largest logit."""
    return {"nll": totals["nats"] / totals["tokens"], "accuracy": totals["correct"] / totals["tokens"]}
