"""The examples, the loss and the scores of predicting the next symbol of a grammar.

T time, B batch, N examples, S symbols. A target (T, B, 1 + S) is the number of the next symbol, and for each symbol
whether the grammar allows it next. After the end of an example no symbol is allowed.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch
from tasks.blocks.splits import TensorSplit
from tasks.blocks.valid_steps import valid_count, valid_values


def next_symbol_split(symbols: Tensor, legal: Tensor, lengths: Tensor | None) -> TensorSplit:
    """Return N examples of T - 1 steps. The input of a step is a symbol, and the target is the next symbol.

    Args:
        symbols: (N, T) the numbers of the symbols.
        legal: (N, T, S) whether each symbol is allowed after this step.
        lengths: (N,) the numbers of symbols of the examples, or None if all are T.
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
    if torch.compiler.is_compiling():  # see `tasks.blocks.valid_steps`
        return nats[_scored(batch).flatten()].mean()
    (counted,) = valid_values(batch, nats.reshape(batch.y.shape[:2]))
    return counted.mean()


def _scored(batch: Batch) -> Tensor:
    """Return whether a step counts (T, B): at steps of padding no symbol is allowed."""
    return batch.y[..., 1:].bool().any(-1)


def targets(batch: Batch) -> float:
    """Return the number of steps in the mean of `loss`."""
    return float(valid_count(batch))


def tally(logits: Tensor, batch: Batch, *, pair: tuple[int, int]) -> dict[str, Tensor]:
    """Return the counts from which the scores are computed.

    steps, examples: their numbers.
    right: the number of steps at which every allowed symbol has a higher logit than every other symbol.
    flawless: the number of examples whose steps are all right.
    pairs: the number of steps at which exactly one symbol is allowed, and it is one of the pair.
    agreed: the number of these steps at which this symbol has a higher logit than the other one of the pair.

    Args:
        logits: (T, B, S).
        batch: the targets.
        pair: the numbers of two symbols.
    """
    legal = batch.y[..., 1:].bool()
    scored = _scored(batch)
    lowest_legal = logits.masked_fill(~legal, torch.inf).amin(-1)
    highest_other = logits.masked_fill(legal, -torch.inf).amax(-1)
    right = (lowest_legal > highest_other) & scored
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
    """Return agreement, legal and flawless, each from 0 to 1, from added tallies."""
    return {
        "agreement": totals["agreed"] / totals["pairs"],
        "legal": totals["right"] / totals["steps"],
        "flawless": totals["flawless"] / totals["examples"],
    }
