"""Scores of predicted frames: cross-entropy, squared error, structural similarity; and simple methods.

U predicted frames, B batch, N videos, P pixels, R rows.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor
from torch.nn import functional

from gatebench.task import Batch, Split

SMALLEST_SIDE = 12
"""The smallest side of a frame for which the similarity is defined: its window has 11 rows and columns."""

BATCH_SIZE = 100
COUNTED = 2000
"""The largest number of training videos from which the simple methods take their probabilities."""

LEVELS = 16
"""The number of intervals of the grey value of the last frame."""


def frame_cross_entropy(logits: Tensor, batch: Batch) -> Tensor:
    """Return the cross-entropy in nats between the grey values `batch.y` and the predictions, both (U, B, P).

    A grey value counts as the probability that a pixel is light. The result is the sum over the pixels of a frame, and
    the mean over frames.
    """
    nats = functional.binary_cross_entropy_with_logits(logits, batch.y, reduction="sum")
    return nats / (len(batch.y) * batch.y.shape[1])


def tally_frames(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Return the sums of the nats and of the squared errors of the grey values, and the number of frames."""
    nats = functional.binary_cross_entropy_with_logits(logits, batch.y, reduction="none")
    squares = (torch.sigmoid(logits) - batch.y).square()
    frames = torch.tensor(len(batch.y) * batch.y.shape[1])
    return {"nats": nats.sum(dtype=torch.float64), "squares": squares.sum(dtype=torch.float64), "frames": frames}


def frame_scores(totals: Mapping[str, float]) -> dict[str, float]:
    """Return the cross-entropy and the squared error of a frame from added tallies."""
    return {"cross_entropy": totals["nats"] / totals["frames"], "mse": totals["squares"] / totals["frames"]}


def frame_entropy(batch: Batch) -> Tensor:
    """Return the entropy in nats (U, B) of the true frames, whose grey values are probabilities.

    It is the least cross-entropy that any prediction can have.
    """
    grey = batch.y.double()
    nats: Tensor = torch.special.entr(grey) + torch.special.entr(1 - grey)
    return nats.sum(-1)


def similarity(predicted: Tensor, true: Tensor, side: int) -> Tensor:
    """Return the structural similarity (SSIM, Wang et al. 2004) of each pair of frames, from -1 to 1.

    Args:
        predicted: (U, B, P) grey values from 0 to 1.
        true: likewise.
        side: R, the number of rows and of columns of a frame.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    pairs = [frames.reshape(-1, 1, side, side) for frames in (predicted, true)]
    found = structural_similarity_index_measure(pairs[0], pairs[1], data_range=1.0, reduction="none")
    assert isinstance(found, Tensor)  # without the full image
    return found.reshape(true.shape[:2])


class SimplePredictions:
    """Probabilities of pixels that do not need a network, from the training videos.

    "mean" is the mean of each pixel over all predicted frames. "last frame" is the mean of a pixel given its grey value
    in the last frame that is read, for each predicted frame; it is the same for all pixels.

    Args:
        train: the training videos.

    Attributes:
        names: the names of the methods.
    """

    names = ("last frame", "mean")

    def __init__(self, train: Split) -> None:
        sums, frames = torch.zeros(()), 0
        by_level, counts = torch.zeros(()), torch.zeros(())
        for batch in batches(train, COUNTED):
            sums = sums + batch.y.sum((0, 1), dtype=torch.float64)
            frames += len(batch.y) * batch.y.shape[1]
            levels = grey_levels(batch.x[-1]).flatten()
            counts = counts + levels.bincount(minlength=LEVELS).double()
            values = batch.y.flatten(1).double()
            found = torch.zeros(len(values), LEVELS, dtype=torch.float64)
            by_level = by_level + found.index_add_(1, levels, values)
        self._mean = ((sums + 1) / (frames + 2)).float()
        self._by_level = ((by_level + 1) / (counts + 2)).float()

    def __call__(self, name: str, batch: Batch) -> Tensor:
        """Return the predicted grey values (U, B, P) of a method."""
        if name == "mean":
            return self._mean.expand(batch.y.shape)
        return self._by_level[:, grey_levels(batch.x[-1])]


def grey_levels(frame: Tensor) -> Tensor:
    """Return the number of the interval of each grey value, from 0 to LEVELS - 1."""
    return (frame * LEVELS).long().clamp_(max=LEVELS - 1)


def simple_cross_entropies(train: Split, test: Split) -> dict[str, float]:
    """Return the cross-entropy of a frame on `test` of the methods of `SimplePredictions`."""
    predict, totals, frames = SimplePredictions(train), dict.fromkeys(SimplePredictions.names, 0.0), 0
    for batch in batches(test):
        frames += len(batch.y) * batch.y.shape[1]
        for name in totals:
            totals[name] += functional.binary_cross_entropy(predict(name, batch), batch.y, reduction="sum").item()
    return {name: total / frames for name, total in totals.items()}


def batches(split: Split, most: int | None = None) -> Iterator[Batch]:
    """Yield the first examples of a split in batches; all of them if `most` is None."""
    end = len(split) if most is None else min(most, len(split))
    for indices in torch.split(torch.arange(end), BATCH_SIZE):
        yield split.batch(indices)
