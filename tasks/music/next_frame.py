"""The next frame of many binary values, each a Bernoulli variable: loss, scores, and what simple methods reach.

T time, B batch, K keys. Lengths are counted in frames that are predicted.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch, Split

BASELINE_BATCH = 8  # pieces at once: they differ in length, so more would be mostly padding


def bernoulli(logits: Tensor, batch: Batch) -> Tensor:
    """Return the negative log-likelihood in nats of the frames (T, B, K): keys are added, frames averaged."""
    nats = _nats(logits, batch)
    return nats.sum() / _valid(nats, batch).sum()


def count_frames(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return sums over the batch: frames predicted, their nats, and keys that sound, are thought to, or both.

    A key is thought to sound where its probability is above 1/2.
    """
    nats = _nats(logits, batch)
    valid = _valid(nats, batch)
    sounds, thought = (batch.y > 0.5) & valid[..., None], (logits > 0) & valid[..., None]
    return {
        "nats": nats.sum(dtype=torch.float64),
        "frames": valid.sum(),
        "both": (sounds & thought).sum(),
        "either": (sounds | thought).sum(),
    }


def frame_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the nats a frame, and the accuracy of Bay, Ehmann & Downie 2009: keys right over keys right or wrong."""
    accuracy = totals["both"] / totals["either"] if totals["either"] else 1.0
    return {"nll": totals["nats"] / totals["frames"], "accuracy": accuracy}


def frame_baselines(train: Split, test: Split) -> dict[str, float]:
    """Return the nats a frame on `test` of two tables of probabilities counted on `train`, one added to each count.

    marginal: how often each key sounds, whatever came before. repeat-last: how often a key that sounds, and one that
    does not, sounds in the next frame; two numbers for all keys, which repeat the last frame as far as that pays.
    """
    tables = {"marginal": _key, "repeat-last": _last}
    scores = {}
    for name, row in tables.items():
        sounding, seen, _ = _counts(train, row)
        chance = (sounding + 1) / (seen + 2)
        sounding, seen, frames = _counts(test, row)
        nats = -(sounding * chance.log() + (seen - sounding) * (1 - chance).log()).sum()
        scores[name] = nats.item() / frames
    return scores


def _key(x: Tensor) -> Tensor:
    """Return the number of every key, as (T, B, K)."""
    return torch.arange(x.shape[-1]).expand(x.shape)


def _last(x: Tensor) -> Tensor:
    """Return 1 for every key that sounds and 0 for the others, as (T, B, K)."""
    return x.long()


def _counts(split: Split, row: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, int]:
    """Return for each row of a table (K,) how many keys sound next and how many there are, and the number of frames."""
    sounding, seen, frames = torch.zeros(()), torch.zeros(()), 0
    for start in range(0, len(split), BASELINE_BATCH):
        batch = split.batch(torch.arange(start, min(start + BASELINE_BATCH, len(split))))
        valid = _valid(batch.x, batch)
        rows, keys = row(batch.x)[valid].flatten(), batch.x.shape[-1]
        sounding = sounding + rows.bincount(batch.y[valid].flatten().double(), keys)
        seen = seen + rows.bincount(minlength=keys)
        frames += int(valid.sum())
    return sounding, seen, frames


def _nats(logits: Tensor, batch: Batch) -> Tensor:
    """Return the nats (T, B) of each frame, and zeros behind the lengths."""
    nats = functional.binary_cross_entropy_with_logits(logits, batch.y, reduction="none").sum(-1)
    return torch.where(_valid(nats, batch), nats, 0.0)


def _valid(frames: Tensor, batch: Batch) -> Tensor:
    """Return (T, B): which of the frames (T, B, ...) belong to a sequence."""
    if batch.lengths is None:
        return torch.ones(frames.shape[:2], dtype=torch.bool, device=frames.device)
    return torch.arange(len(frames), device=frames.device)[:, None] < batch.lengths.to(frames.device)
