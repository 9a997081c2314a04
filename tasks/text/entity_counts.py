"""Counts of entities in sequences of tags, as operations on whole batches. T time, B batch, C tags.

The number of a tag is 0 for "O", 1 + 2k for the first word of an entity of type k, and 2 + 2k for its other words.
An entity also starts at an inner word after "O" or after another type, as in the script conlleval (Tjong Kim Sang &
Buchholz 2000) and in the package seqeval.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from gatebench.task import Batch
from tasks.text import next_token


def tag_names(types: list[str]) -> list[str]:
    """Return the tags of some types of entities, in the order of their numbers."""
    return ["O", *(f"{prefix}-{kind}" for kind in types for prefix in "BI")]


def count_tags(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return sums over the batch: words, their nats, right tags, and entities that are right, predicted and true.

    Args:
        logits: (T, B, C).
        batch: the targets are the numbers of the tags (T, B).
    """
    totals = next_token.count_tokens(logits, batch)
    steps = torch.arange(len(batch.y), device=batch.y.device)[:, None]
    inside = torch.ones_like(batch.y, dtype=torch.bool)
    if batch.lengths is not None:
        inside = steps < batch.lengths.to(batch.y.device, non_blocking=True)
    return totals | count_entities(logits.argmax(-1) * inside, batch.y * inside)


def count_entities(predicted: Tensor, true: Tensor) -> dict[str, Tensor]:
    """Return the numbers of right, predicted and true entities. An entity is right if its words and its type are.

    Args:
        predicted: (T, B) predicted tags, 0 after the end of a sentence.
        true: (T, B) the right tags, in the same way.
    """
    (starts, ends, types), (true_starts, true_ends, true_types) = _entities(predicted), _entities(true)
    right = starts & true_starts & (ends == true_ends) & (types == true_types)
    return {"right": right.sum(), "predicted": starts.sum(), "true": true_starts.sum()}


def _entities(tags: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (T, B) whether an entity starts at a step, the first step at or after it that ends one, and its type."""
    types = (tags + 1) // 2
    outside = torch.zeros_like(types[:1])
    inside = types > 0
    starts = inside & ((tags % 2 == 1) | (types != torch.cat([outside, types[:-1]])))
    goes_on = (types == torch.cat([types[1:], outside])) & ~torch.cat([starts[1:], outside.bool()])
    steps = torch.arange(len(tags), device=tags.device)[:, None].expand_as(tags)
    ends = torch.where(inside & ~goes_on, steps, len(tags))
    return starts, ends.flip(0).cummin(0).values.flip(0), types


def f1_and_accuracy(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the F1 score of the entities, and the share of words with the right tag.

    F1 = 2 · right / (predicted + true), 0 if there is no entity at all.
    """
    entities = totals["predicted"] + totals["true"]
    return {
        "f1": 2 * totals["right"] / entities if entities else 0.0,
        "accuracy": totals["correct"] / totals["tokens"],
    }
