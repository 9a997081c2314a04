"""Images with boxes and labels, as a PNG file. C rows and columns of an image."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tasks.images.picture_grid import GAP, GROUND, png_bytes

TRUE, FOUND = (60, 170, 80), (230, 80, 60)
"""The colours of true and of found boxes."""


class LabelledBox(NamedTuple):
    """A box in an image.

    Attributes:
        left: its edge in pixels from the left.
        top: its edge in pixels from the top.
        right: its other edge from the left.
        bottom: its other edge from the top.
        label: the text at its top.
    """

    left: float
    top: float
    right: float
    bottom: float
    label: str


class BoxedImage(NamedTuple):
    """An image and its boxes.

    Attributes:
        pixels: (C, C) grey values.
        true: the true boxes, drawn in green with their labels at the left.
        found: the boxes that a method has found, drawn in red with their labels at the right.
    """

    pixels: NDArray[np.uint8]
    true: Sequence[LabelledBox]
    found: Sequence[LabelledBox]


def box_picture(images: Sequence[BoxedImage], columns: int = 4, scale: int = 4) -> bytes:
    """Return images with their boxes side by side as a PNG file.

    Args:
        images: the images; all have the same size.
        columns: the number of images in a row.
        scale: the number of pixels of the file for a pixel of an image, in both dimensions.
    """
    side = scale * images[0].pixels.shape[0]
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (GAP + columns * (side + GAP), GAP + rows * (side + GAP)), GROUND)
    for number, one in enumerate(images):
        tile = Image.fromarray(one.pixels).resize((side, side), Image.Resampling.NEAREST).convert("RGB")
        draw = ImageDraw.Draw(tile)
        for boxes, colour, at_right in ((one.true, TRUE, False), (one.found, FOUND, True)):
            for box in boxes:
                edges = tuple(round(scale * edge) for edge in box[:4])
                draw.rectangle(edges, outline=colour)
                draw.text((edges[2] - 7 if at_right else edges[0] + 2, edges[1]), box.label, colour)
        row, column = divmod(number, columns)
        sheet.paste(tile, (GAP + column * (side + GAP), GAP + row * (side + GAP)))
    return png_bytes(sheet)
