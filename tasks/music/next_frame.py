"""Prediction of the next frame of binary values, each of them a Bernoulli variable: loss, scores and baselines.

T time, B batch, K keys. Lengths are numbers of predicted frames.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch, Split
from tasks.blocks.valid_steps import valid_count

BASELINE_BATCH_SIZE = 8  # pieces differ in length, so a larger batch would be mostly padding


def bernoulli(logits: Tensor, batch: Batch) -> Tensor:
    """Return the negative log-likelihood in nats of the frames (T, B, K): the sum over keys, the mean over frames."""
    nats = _nats(logits, batch)
    return nats.sum() / _number(nats, batch)


def frames(batch: Batch) -> float:
    """Return the number of frames in the mean of `bernoulli`."""
    return float(valid_count(batch))


def count_frames(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return sums over the batch: the number of frames, their nats, and counts of keys.

    "both" counts the keys that sound and are predicted to sound; "either" counts those that sound, are predicted to
    sound, or both. A key is predicted to sound if its probability is above 1/2.
    """
    nats = _nats(logits, batch)
    sounds, predicted = batch.y > 0.5, logits > 0
    if _is_padded(batch):
        valid = _valid(nats, batch)[..., None]
        sounds, predicted = sounds & valid, predicted & valid
    return {
        "nats": nats.sum(dtype=torch.float64),
        "frames": _number(nats, batch),
        "both": (sounds & predicted).sum(),
        "either": (sounds | predicted).sum(),
    }


def frame_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the nats per frame, and the accuracy of Bay, Ehmann & Downie 2009: "both" divided by "either"."""
    accuracy = totals["both"] / totals["either"] if totals["either"] else 1.0
    return {"nll": totals["nats"] / totals["frames"], "accuracy": accuracy}


def frame_baselines(train: Split, test: Split) -> dict[str, float]:
    """Return the nats per frame on `test` of two simple models, whose probabilities are relative counts on `train`.

    1 is added to the counts of both outcomes. "marginal": the probability of each key, independent of the input.
    "repeat-last": the probability that a key sounds in the next frame if it sounds now, and if it does not; these two
    probabilities are the same for all keys.
    """
    conditions = {"marginal": _key_numbers, "repeat-last": _is_sounding}
    scores = {}
    for name, condition in conditions.items():
        sounding, total, _ = _counts(train, condition)
        probability = (sounding + 1) / (total + 2)
        sounding, total, frames = _counts(test, condition)
        nats = -(sounding * probability.log() + (total - sounding) * (1 - probability).log()).sum()
        scores[name] = nats.item() / frames
    return scores


def _key_numbers(x: Tensor) -> Tensor:
    """Return the number of each key, as (T, B, K)."""
    return torch.arange(x.shape[-1]).expand(x.shape)


def _is_sounding(x: Tensor) -> Tensor:
    """Return 1 for each key that sounds and 0 for the others, as (T, B, K)."""
    return x.long()


def _counts(split: Split, condition: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, int]:
    """Count the keys for each value of a condition.

    Args:
        split: the pieces.
        condition: maps the frames (T, B, K) to a whole number below K for each key.

    Returns the number (K,) of keys that sound in the next frame, for each value of the condition; the number (K,) of
    all keys; and the number of frames.
    """
    sounding, total, frames = torch.zeros(()), torch.zeros(()), 0
    for start in range(0, len(split), BASELINE_BATCH_SIZE):
        batch = split.batch(torch.arange(start, min(start + BASELINE_BATCH_SIZE, len(split))))
        valid = _valid(batch.x, batch)
        values, keys = condition(batch.x)[valid].flatten(), batch.x.shape[-1]
        sounding = sounding + values.bincount(batch.y[valid].flatten().double(), keys)
        total = total + values.bincount(minlength=keys)
        frames += int(valid.sum())
    return sounding, total, frames


def _nats(logits: Tensor, batch: Batch) -> Tensor:
    """Return the nats (T, B) of each frame, and 0 for the padding."""
    nats = functional.binary_cross_entropy_with_logits(logits, batch.y, reduction="none").sum(-1)
    return torch.where(_valid(nats, batch), nats, 0.0) if _is_padded(batch) else nats


def _is_padded(batch: Batch) -> bool:
    """Return whether a sequence is shorter than the longest one. A batch of one sequence never has padding."""
    return batch.lengths is not None and int(batch.lengths.min()) < len(batch.y)


def _number(frames: Tensor, batch: Batch) -> Tensor:
    """Return the number of frames that belong to a sequence, of frames (T, B, ...)."""
    if batch.lengths is None:
        return torch.full((), frames.shape[0] * frames.shape[1], device=frames.device)
    return batch.lengths.sum().to(frames.device, non_blocking=True)


def _valid(frames: Tensor, batch: Batch) -> Tensor:
    """Return (T, B), whether each of the frames (T, B, ...) belongs to a sequence and is not padding."""
    if batch.lengths is None:
        return torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
    return torch.arange(len(frames), device=frames.device)[:, None] < batch.lengths.to(frames.device, non_blocking=True)
