"""Rows of small pictures with a label each, as one PNG file. R rows, C columns of pixels."""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

GAP, LABEL_WIDTH, LABEL_HEIGHT = 4, 70, 14
"""Pixels between two pictures, and those of a label."""

GROUND, INK = (255, 255, 255), (0, 0, 0)

Row = tuple[str, Sequence[NDArray[np.uint8] | None]]
"""A label, and the pictures of a row: grey values (R, C) or colours (R, C, 3); None: an empty place."""


def picture_grid(rows: Sequence[Row], scale: int = 2) -> bytes:
    """Return the rows as a PNG file. All pictures have the same size.

    Args:
        rows: the rows from top to bottom.
        scale: the number of pixels of the file for a pixel of a picture, in both dimensions.
    """
    height, width = next(one.shape[:2] for _, pictures in rows for one in pictures if one is not None)
    across, down = scale * width + GAP, max(scale * height, LABEL_HEIGHT) + GAP
    columns = max(len(pictures) for _, pictures in rows)
    sheet = Image.new("RGB", (LABEL_WIDTH + across * columns + GAP, down * len(rows) + GAP), GROUND)
    draw = ImageDraw.Draw(sheet)
    for number, (label, pictures) in enumerate(rows):
        top = GAP + down * number
        draw.text((GAP, top), label, INK)
        for column, pixels in enumerate(pictures):
            if pixels is not None:
                large = Image.fromarray(pixels).resize((scale * width, scale * height), Image.Resampling.NEAREST)
                sheet.paste(large, (LABEL_WIDTH + across * column, top))
    return png_bytes(sheet)


def png_bytes(image: Image.Image) -> bytes:
    """Return an image as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def grey_bytes(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return grey values from 0 to 1 as bytes."""
    found: NDArray[np.uint8] = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return found
