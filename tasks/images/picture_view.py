"""Images as examples: those of the test split, and an image file of the user.

R rows, C columns, T steps, P pixels a step.

A step may read the same pixels of each image in another order: `places` (T, P) has their numbers, row · C + column.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.views import Picture

LIGHT = 0.5  # the mean grey value above which an image counts as dark on light


def read_places(rows: int, columns: int, pixels: int, order: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return the pixels (T, P) that each step reads, row by row from the top left.

    Args:
        rows: R.
        columns: C.
        pixels: P.
        order: a permutation of all pixels, if they are not read row by row.
    """
    places = np.arange(rows * columns) if order is None else order
    return places.reshape(-1, pixels)


def picture(inputs: NDArray[Any], places: NDArray[np.int64], rows: int, columns: int, channels: int = 1) -> Picture:
    """Return the image that a network reads in steps.

    Args:
        inputs: (T, P · channels) the values from 0 to 1. All channels of a pixel stand together.
        places: (T, P) the pixels that each step reads.
        rows: R.
        columns: C.
        channels: 1 for grey values, 3 for colours.
    """
    pixels = np.zeros((rows * columns, channels), np.float32)
    pixels[places.ravel()] = inputs.reshape(-1, channels)
    shape = (rows, columns) if channels == 1 else (rows, columns, channels)
    return Picture(pixels.reshape(shape), places)


def frame_strip(frames: NDArray[Any], rows: int, columns: int, channels: int = 1) -> Picture:
    """Return frames side by side, as one picture of which each step reads one frame.

    Args:
        frames: (T, R · C · channels) the values from 0 to 1. All channels of a pixel stand together.
        rows: R.
        columns: C.
        channels: 1 for grey values, 3 for colours.
    """
    count = len(frames)
    numbers = np.arange(rows * count * columns).reshape(rows, count, columns)
    places = numbers.swapaxes(0, 1).reshape(count, -1)
    return picture(np.asarray(frames, np.float32), places, rows, count * columns, channels)


def read_grey_image(given: OwnInput, rows: int, columns: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Return a user's image as grey values (R, C) from 0 to 1, light on dark, and notes on how it was converted.

    Args:
        given: a file in PNG, JPEG, GIF or BMP.
        rows: R.
        columns: C.

    Raises:
        UserError: there is no file, or it is no image, or it is too large.
    """
    content = given.read_bytes()
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "GIF", "BMP")) as image:
            size = image.size
            grey = on_white(image).convert("L").resize((columns, rows), Image.Resampling.BOX)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        raise UserError(f"{given.file} is no image in PNG, JPEG, GIF or BMP.") from None
    values = np.asarray(grey, np.float32) / np.float32(255)
    notes: tuple[str, ...] = (
        () if size == (columns, rows) else (f"The image was scaled from {size[0]} x {size[1]} to {columns} x {rows}.",)
    )
    if values.mean() > LIGHT:
        values = np.float32(1) - values
        notes += ("The image was inverted, because the images of the task are light on a dark ground.",)
    return values, notes


def on_white(image: Image.Image) -> Image.Image:
    """Return an image whose transparent parts are white. They have a hidden colour, mostly black."""
    if not image.has_transparency_data:
        return image
    paper = Image.new("RGBA", image.size, "white")
    paper.alpha_composite(image.convert("RGBA"))
    return paper
