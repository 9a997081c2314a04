"""The digits of MNIST in a smaller size, from which scenes and videos are made. N digits, S rows and columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tasks.blocks.validation import check_whole
from tasks.images.idx_images import SIDE
from tasks.images.sequential_mnist import MNIST

if TYPE_CHECKING:
    from torch import Tensor

HELD_OUT = 5000
"""The number of official training images from which the examples for validation are made; the first ones."""

SMALLEST = 8
"""The smallest number of rows of a digit that people can still read."""


class DigitImages(NamedTuple):
    """Digits of one part.

    Attributes:
        images: (N, S, S) bytes, light on dark.
        labels: (N,) from 0 to 9.
    """

    images: Tensor
    labels: Tensor


def check_digit_size(size: object) -> None:
    """Check the parameter `digit_size` of a task.

    Raises:
        UserError: it is out of range.
    """
    check_whole("digit_size", size, SMALLEST, SIDE)


def digit_checksums() -> Mapping[str, str]:
    """Return the checksums of the published files of MNIST."""
    return MNIST.packed


def check_digits(root: Path) -> None:
    """Check that the files of MNIST exist.

    Raises:
        MissingFile: a file is not below the data root.
    """
    MNIST.check(root)


def read_digits(root: Path, size: int) -> tuple[DigitImages, DigitImages, DigitImages]:
    """Return the digits for training, validation and test. No digit is in two parts.

    Args:
        root: the data root.
        size: S; each value is the mean of the pixels that it covers.

    Raises:
        MissingFile: a file is not below the data root.
        UserError: a file cannot be read, or is not the published one.
    """
    images, labels = MNIST.read(root, "train")
    test = DigitImages(*MNIST.read(root, "t10k"))
    parts = (
        DigitImages(images[HELD_OUT:], labels[HELD_OUT:]),
        DigitImages(images[:HELD_OUT], labels[:HELD_OUT]),
        test,
    )
    train, val, test = (DigitImages(reduced(part.images, size), part.labels) for part in parts)
    return train, val, test


def reduced(images: Tensor, size: int) -> Tensor:
    """Return square images (N, R, R) of bytes with S rows and columns, as bytes (N, S, S)."""
    import torch
    from torch.nn.functional import adaptive_avg_pool2d

    if images.shape[1] == size:
        return images
    return torch.cat(
        [adaptive_avg_pool2d(part.double(), size).round().to(torch.uint8) for part in torch.split(images, 5000)]
    )
