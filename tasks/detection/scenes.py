"""Scenes: digits of different sizes at random places of a dark square.

N scenes, C rows and columns, M digits at most.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tasks.blocks.random_numbers import RandomNumbers
from tasks.detection.boxes import NOTHING
from tasks.images.digit_images import DigitImages, reduced

TRIES = 20
"""The places that are drawn for a digit. The first one is taken at which it covers no other digit."""

INK = 64
"""The least grey value of a pixel that belongs to a digit. A box is the smallest one around these pixels."""


class Scenes(NamedTuple):
    """Scenes and their digits.

    Attributes:
        images: (N, C, C) bytes.
        targets: (N, M, 5) the box of each digit, (x, y, width, height) in pixels, and its label; the label of the
            padding is `NOTHING`.
    """

    images: Tensor
    targets: Tensor


def draw_scenes(
    draw: RandomNumbers, digits: DigitImages, count: int, *, canvas: int, most: int, sizes: tuple[int, int]
) -> Scenes:
    """Return random scenes. Each has from one to `most` digits; a digit that finds no free place is left out.

    Args:
        draw: the random numbers of the part.
        digits: the digits of the part, of 28 x 28 pixels.
        count: N.
        canvas: C.
        most: M.
        sizes: the smallest and the largest number of rows of a digit's square.
    """
    wanted = 1 + draw.integers(most, count)
    chosen = draw.integers(len(digits.images), count, most)
    drawn_sizes = sizes[0] + draw.integers(sizes[1] - sizes[0] + 1, count, most)
    places = draw.uniform(count, most, TRIES, 2)
    squares = _squares(digits.images, chosen, drawn_sizes)
    images = np.zeros((count, canvas, canvas), np.uint8)
    targets = np.zeros((count, most, 5), np.float32)
    targets[..., 4] = NOTHING
    for scene in range(count):
        found = 0
        taken = np.zeros((canvas, canvas), bool)
        for number in range(wanted[scene]):
            square = squares[scene * most + number]
            place = _free_place(places[scene, number], taken, square)
            if place is None:
                continue
            top, left, (first_row, first_column, rows, columns) = *place, ink_box(square)
            part = images[scene, top : top + len(square), left : left + len(square)]
            np.maximum(part, square, out=part)
            taken[top + first_row : top + first_row + rows, left + first_column : left + first_column + columns] = True
            label = int(digits.labels[chosen[scene, number]])
            middle = (left + first_column + columns / 2, top + first_row + rows / 2)
            targets[scene, found] = (*middle, columns, rows, label)
            found += 1
    return Scenes(torch.from_numpy(images), torch.from_numpy(targets))


def ink_box(square: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return the first row, the first column and the numbers of rows and of columns of the pixels of a digit.

    A square without such pixels counts as a whole.
    """
    ink = square >= INK
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return 0, 0, *square.shape
    return int(rows[0]), int(columns[0]), int(rows[-1] - rows[0] + 1), int(columns[-1] - columns[0] + 1)


def _squares(images: Tensor, chosen: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """Return the images of all digits of all scenes, one after another, each with its number of rows."""
    flat, sizes = torch.from_numpy(chosen.ravel()), sizes.ravel()
    squares: list[NDArray[np.uint8]] = [np.empty(0, np.uint8)] * len(flat)
    for size in np.unique(sizes):
        members = (sizes == size).nonzero()[0]
        small = reduced(images[flat[torch.from_numpy(members)]], int(size)).numpy()
        for member, square in zip(members, small, strict=True):
            squares[member] = square
    return squares


def _free_place(
    places: NDArray[np.float64], taken: NDArray[np.bool_], square: NDArray[np.uint8]
) -> tuple[int, int] | None:
    """Return the top and the left of the first place at which a digit covers no other one; None if there is none."""
    first_row, first_column, rows, columns = ink_box(square)
    free = len(taken) - len(square) + 1
    for top, left in (places * free).astype(np.int64):
        if not taken[
            top + first_row : top + first_row + rows, left + first_column : left + first_column + columns
        ].any():
            return int(top), int(left)
    return None
