"""Foretelling the next symbol where a grammar says which may come: the data, the loss and the scores.

T time, B batch, N examples, S symbols. Targets (T, B, 1 + S): the next symbol's number, and for each symbol
whether it may come next; behind the end of an example none may.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch
from tasks.blocks.splits import TensorSplit


def as_split(symbols: Tensor, legal: Tensor, lengths: Tensor | None) -> TensorSplit:
    """Return inputs and targets of N examples: at all steps but the last, a symbol and what comes next.

    symbols (N, T): numbers; legal (N, T, S): which may come behind each; lengths (N,), or None when all are T.
    """
    x = symbols[:, :-1].to(torch.uint8)
    y = torch.cat([symbols[:, 1:, None].to(torch.uint8), legal[:, :-1].to(torch.uint8)], 2)
    if lengths is None:
        return TensorSplit(x, y, y_per_step=True)
    inside = torch.arange(x.shape[1]) < lengths[:, None] - 1
    return TensorSplit(x * inside, y * inside[:, :, None], lengths - 1, y_per_step=True)


def loss(logits: Tensor, batch: Batch) -> Tensor:
    """Return the mean cross-entropy, in nats a step, of logits (T, B, S) against the next symbols."""
    nats = functional.cross_entropy(logits.flatten(0, 1), batch.y[..., 0].long().flatten(), reduction="none")
    scored = batch.y[..., 1:].bool().any(-1).flatten()
    return nats[scored].mean()


def tally(logits: Tensor, batch: Batch, *, pair: tuple[int, int]) -> dict[str, Tensor]:
    """Return how many there are of steps, of examples, and of steps at which only one of a pair of symbols may come.

    And how many of the steps have all symbols that may come before all others, how many examples have it at all steps,
    and how many times the one of the pair is before the other.
    """
    legal = batch.y[..., 1:].bool()
    scored = legal.any(-1)
    least = logits.masked_fill(~legal, torch.inf).amin(-1)
    right = (least > logits.masked_fill(legal, -torch.inf).amax(-1)) & scored
    one, other = pair
    forced = (legal[..., one] != legal[..., other]) & (legal.sum(-1) == 1)
    agreed = ((logits[..., one] > logits[..., other]) == legal[..., one]) & forced
    flawless = (right | ~scored).all(0)
    counts = {
        "steps": scored,
        "right": right,
        "examples": scored.any(0),
        "flawless": flawless,
        "pairs": forced,
        "agreed": agreed,
    }
    return {name: count.sum() for name, count in counts.items()}


def scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return agreement, legal and flawless, each from 0 to 1, of added tallies."""
    return {
        "agreement": totals["agreed"] / totals["pairs"],
        "legal": totals["right"] / totals["steps"],
        "flawless": totals["flawless"] / totals["examples"],
    }
