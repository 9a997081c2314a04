"""Methods without recurrence that classify videos: from one frame, and from the difference of two.

N videos, T frames, R rows, C columns, K channels.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from gatebench.task import Batch, Split
from tasks.blocks.logistic_regression import logistic_regression_accuracy
from tasks.blocks.majority import majority

MOST_VIDEOS, MOST_SIDE = 2000, 16
"""The logistic regression sees at most this many training videos, reduced to at most this many rows and columns."""

BATCH_SIZE = 100


def simple_accuracies(train: Split, test: Split, shape: tuple[int, int, int], classes: int) -> dict[str, float]:
    """Return the accuracy on `test` of simple methods.

    "majority" is the most frequent class. "single frame" is logistic regression on the frame in the middle, and "frame
    difference" on the last frame minus the first one.

    Args:
        train: the training videos, x (T, B, R · C · K).
        test: likewise.
        shape: (R, C, K).
        classes: the number of classes.
    """
    methods = {"single frame": middle_frame, "frame difference": frame_difference}
    chosen = torch.linspace(0, len(train) - 1, min(len(train), MOST_VIDEOS)).long()
    scores = {"majority": majority(train, test)}
    for name, method in methods.items():
        pairs = [
            _reduced(split, part, shape, method) for split, part in ((train, chosen), (test, torch.arange(len(test))))
        ]
        scores[name] = logistic_regression_accuracy(pairs[0], pairs[1], classes=classes)
    return scores


def middle_frame(batch: Batch) -> Tensor:
    """Return the frame in the middle of each video (B, R · C · K)."""
    return batch.x[_lengths(batch) // 2, torch.arange(batch.x.shape[1])]


def frame_difference(batch: Batch) -> Tensor:
    """Return the last frame minus the first one of each video (B, R · C · K)."""
    return batch.x[_lengths(batch) - 1, torch.arange(batch.x.shape[1])] - batch.x[0]


def _lengths(batch: Batch) -> Tensor:
    return torch.full((batch.x.shape[1],), len(batch.x)) if batch.lengths is None else batch.lengths


def _reduced(
    split: Split, part: Tensor, shape: tuple[int, int, int], method: Callable[[Batch], Tensor]
) -> tuple[Tensor, Tensor]:
    """Return the inputs and the classes of some videos."""
    rows, columns, channels = shape
    places = (min(rows, MOST_SIDE), min(columns, MOST_SIDE))
    inputs, classes = [], []
    for indices in torch.split(part, BATCH_SIZE):
        batch = split.batch(indices)
        images = method(batch).reshape(-1, rows, columns, channels).permute(0, 3, 1, 2)
        inputs.append(adaptive_avg_pool2d(images, places).flatten(1))
        classes.append(batch.y)
    return torch.cat(inputs), torch.cat(classes)
