"""Videos of digits that do something: what moves, where it moves to, and what changes.

N videos, T frames, S rows and columns of a digit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from tasks.blocks.random_numbers import RandomNumbers
from tasks.images.digit_images import DigitImages, reduced
from tasks.video.digit_frames import DigitFrames

DIRECTIONS: Mapping[str, tuple[int, int]] = {
    "up": (-1, 0),
    "down": (1, 0),
    "left": (0, -1),
    "right": (0, 1),
    "up left": (-1, -1),
    "up right": (-1, 1),
    "down left": (1, -1),
    "down right": (1, 1),
}
"""{name: rows and columns of pixels from a frame to the next}"""

CHANGES = ("nothing", "place", "larger", "smaller", "lighter", "darker", "another digit")

SIZES = 5
"""The number of sizes of a digit that grows or shrinks, from half of its size to all of it."""

DARKEST = 0.4
"""The least factor of the pixels of a digit."""


class Actions(NamedTuple):
    """Videos and their classes.

    Attributes:
        videos: the N videos.
        labels: (N,) the numbers of the classes.
    """

    videos: DigitFrames
    labels: Tensor


@dataclass(frozen=True)
class ClipSize:
    """The number and the size of the frames of a video.

    Attributes:
        frames: T.
        canvas: the number of rows and of columns of a frame.
    """

    frames: int
    canvas: int


def where_it_moves(draw: RandomNumbers, digits: DigitImages, count: int, size: ClipSize) -> Actions:
    """Return videos of a digit that moves; the class is the number of its direction in `DIRECTIONS`.

    Args:
        draw: the random numbers of the part.
        digits: the digits of the part, of S x S pixels.
        count: N.
        size: the number and the size of the frames.
    """
    labels = draw.integers(len(DIRECTIONS), count)
    chosen = draw.integers(len(digits.images), count)
    places = _paths(draw, np.array(list(DIRECTIONS.values()))[labels], digits, size)
    return Actions(_videos(digits.images, size, (chosen, places)), torch.from_numpy(labels))


def what_moves(draw: RandomNumbers, digits: DigitImages, count: int, size: ClipSize) -> Actions:
    """Return videos of two different digits, one of which moves; the class is that digit, from 0 to 9."""
    mover = draw.integers(len(digits.images), count)
    labels = digits.labels.numpy()
    still = _of_another_class(draw, labels, mover)
    velocity = np.array(list(DIRECTIONS.values()))[draw.integers(len(DIRECTIONS), count)]
    moving = _paths(draw, velocity, digits, size)
    standing = _paths(draw, np.zeros_like(velocity), digits, size)
    videos = _videos(digits.images, size, (mover, moving), (still, standing))
    return Actions(videos, torch.from_numpy(labels[mover]))


def what_changes(draw: RandomNumbers, digits: DigitImages, count: int, size: ClipSize) -> Actions:
    """Return videos of a digit; the class is the number in `CHANGES` of what changes from the first to the last frame.

    Everything else stays as it was drawn: the place, the size and the brightness of the digit.
    """
    labels = draw.integers(len(CHANGES), count)
    first = draw.integers(len(digits.images), count)
    other = _of_another_class(draw, digits.labels.numpy(), first)
    velocity = np.array(list(DIRECTIONS.values()))[draw.integers(len(DIRECTIONS), count)]
    velocity[labels != CHANGES.index("place")] = 0
    places = _paths(draw, velocity, digits, size)
    rise = np.linspace(0, 1, size.frames)[None, :]

    def course(up: str, down: str, level: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (N, T) a share that rises or falls if that is the change, and else stays at its level (N,)."""
        found = np.repeat(level[:, None], size.frames, 1)
        found = np.where((labels == CHANGES.index(up))[:, None], rise, found)
        return np.where((labels == CHANGES.index(down))[:, None], 1 - rise, found)

    sizes = np.rint(course("larger", "smaller", draw.uniform(count)) * (SIZES - 1)).astype(np.int64)
    light = DARKEST + (1 - DARKEST) * course("lighter", "darker", draw.uniform(count))
    third = max(size.frames // 3, 1)
    moment = third + draw.integers(third, count)
    is_other = (np.arange(size.frames) >= moment[:, None]) & (labels == CHANGES.index("another digit"))[:, None]
    bank, numbers = _bank(digits.images, np.concatenate([first, other]))
    each = np.where(is_other, numbers[count:, None], numbers[:count, None])
    in_bank = each + sizes * (len(bank) // SIZES)
    videos = DigitFrames(
        bank,
        torch.from_numpy(in_bank)[:, :, None],
        torch.from_numpy(places)[:, :, None],
        size.canvas,
        torch.from_numpy(light.astype(np.float32))[:, :, None],
    )
    return Actions(videos, torch.from_numpy(labels))


Maker = Callable[[RandomNumbers, DigitImages, int, ClipSize], Actions]

QUESTIONS: Mapping[str, Maker] = {"where": where_it_moves, "what": what_moves, "change": what_changes}
"""{question: the function that returns its videos}"""


def _paths(draw: RandomNumbers, velocity: NDArray[np.int64], digits: DigitImages, size: ClipSize) -> NDArray[np.int64]:
    """Return the places (N, T, 2) of digits that never leave the canvas, from their velocities (N, 2)."""
    free = size.canvas - digits.images.shape[1]
    way = velocity * (size.frames - 1)
    least = np.maximum(-way, 0)
    start = least + (draw.uniform(*velocity.shape) * (free - np.abs(way) + 1)).astype(np.int64)
    places: NDArray[np.int64] = start[:, None] + velocity[:, None] * np.arange(size.frames)[None, :, None]
    return places


def _of_another_class(draw: RandomNumbers, labels: NDArray[np.int64], chosen: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each chosen digit the number of a random one of another class."""
    found = np.empty_like(chosen)
    drawn = draw.uniform(len(chosen))
    for label in np.unique(labels):
        members, others = (labels[chosen] == label).nonzero()[0], (labels != label).nonzero()[0]
        found[members] = others[(drawn[members] * len(others)).astype(np.int64)]
    return found


def _videos(images: Tensor, size: ClipSize, *digits: tuple[NDArray[np.int64], NDArray[np.int64]]) -> DigitFrames:
    """Return videos of digits: for each of them the numbers of the images (N,), and the places (N, T, 2)."""
    chosen = torch.stack([torch.from_numpy(numbers) for numbers, _ in digits], 1)
    places = torch.stack([torch.from_numpy(path) for _, path in digits], 2)
    return DigitFrames(images, chosen[:, None].expand(-1, size.frames, -1), places, size.canvas)


def _bank(images: Tensor, chosen: NDArray[np.int64]) -> tuple[Tensor, NDArray[np.int64]]:
    """Return some digits in all sizes, each in the middle of S x S pixels, and the numbers of the chosen ones.

    The digits of the smallest size come first, then those of the next one, and so on.
    """
    used, numbers = np.unique(chosen, return_inverse=True)
    full = images[torch.from_numpy(used)]
    side = full.shape[1]
    levels = []
    for level in range(SIZES):
        size = round(side * (0.5 + 0.5 * level / (SIZES - 1)))
        before = (side - size) // 2
        after = side - size - before
        levels.append(pad(reduced(full, size), (before, after, before, after)))
    return torch.cat(levels), numbers.astype(np.int64)
