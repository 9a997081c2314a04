"""A linear classifier on images, beside which networks are compared. N examples, R rows, C columns, K channels."""

import torch
from torch.nn.functional import adaptive_avg_pool2d

from tasks.blocks.logistic_regression import logistic_regression_accuracy
from tasks.blocks.splits import TensorSplit

MOST_EXAMPLES, MOST_SIDE = 5000, 16
"""The logistic regression sees at most this many training images, reduced to at most this many rows and columns."""


def linear_image_accuracy(train: TensorSplit, test: TensorSplit, shape: tuple[int, ...], classes: int) -> float:
    """Return the accuracy on `test` of logistic regression on images, reduced in number and in size.

    Args:
        train: the training images as bytes, (N, T, I) with all values of an image in the order (R, C, K).
        test: likewise.
        shape: (R, C, K).
        classes: the number of classes.
    """
    rows, columns, channels = shape
    reduced = (min(rows, MOST_SIDE), min(columns, MOST_SIDE))
    chosen = torch.linspace(0, len(train) - 1, min(len(train), MOST_EXAMPLES)).long()
    pairs = []
    for split, part in ((train, chosen), (test, torch.arange(len(test)))):
        pixels = split.x[part].reshape(-1, rows, columns, channels).permute(0, 3, 1, 2).float() / 255
        pairs.append((adaptive_avg_pool2d(pixels, reduced).flatten(1), split.y[part]))
    return logistic_regression_accuracy(pairs[0], pairs[1], classes=classes)
