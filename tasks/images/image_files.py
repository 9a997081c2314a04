"""Images in PNG and JPEG as arrays of one size. N images, R rows, C columns, K channels.

Pillow decodes the files. No other format is tried, so no file reaches a decoder that the user does not expect.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from gatebench.errors import UserError
from tasks.data.class_folder import ClassFile
from tasks.data.files import read_file
from tasks.images.picture_view import on_white

FORMATS = ("PNG", "JPEG")
MOST_BYTES = 4 << 30
"""The largest memory of all images."""

DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L"})
"""Pillow's names for pixels with more than 8 bits a channel."""


def read_images(files: Sequence[ClassFile], side: int | None, greyscale: bool) -> NDArray[np.uint8]:
    """Return images as bytes (N, R, C, K).

    Args:
        files: the files.
        side: the number of rows and of columns to which each image is resized; None: all have one size already.
        greyscale: whether the brightness replaces the colours (K 1); else K is 3.

    Raises:
        UserError: a file is no image or has another size than the first, or the images need too much memory.
    """
    images: NDArray[np.uint8] | None = None
    for number, file in enumerate(files):
        image = decode_image(read_file(file.path), str(file.path), side, greyscale)
        if images is None:
            _check_memory(len(files), image)
            images = np.empty((len(files), *image.shape), np.uint8)
        if image.shape != images.shape[1:]:
            raise UserError(
                f"{files[0].path} has {_size(images[0])} pixels, and {file.path} has {_size(image)}; with "
                f"task.side=28, for example, all images are resized to 28 x 28."
            )
        images[number] = image
    assert images is not None
    return images


def decode_image(data: bytes, name: str, side: int | None, greyscale: bool) -> NDArray[np.uint8]:
    """Return an image as bytes (R, C, K).

    Transparent parts become white. A photograph is turned as its EXIF data say.

    Args:
        data: the bytes of the file.
        name: the name of the file in messages.
        side: as in `read_images`.
        greyscale: as in `read_images`.

    Raises:
        UserError: it is no image in PNG or JPEG, has too many pixels, or has more than 8 bits a channel.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of faulty EXIF data
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                if image.mode in DEEP_MODES:
                    raise UserError(f"{name} has more than 8 bits a channel; convert it to 8 bits.")
                flat = on_white(ImageOps.exif_transpose(image)).convert("L" if greyscale else "RGB")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(f"{name} has more than {Image.MAX_IMAGE_PIXELS:,} pixels.") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error):
        raise UserError(f"{name} cannot be read as an image in PNG or JPEG.") from None
    if side is not None and flat.size != (side, side):
        flat = flat.resize((side, side), Image.Resampling.BOX)
    return np.asarray(flat, np.uint8).reshape(flat.height, flat.width, -1)


def _check_memory(count: int, image: NDArray[np.uint8]) -> None:
    """Check the memory of as many images of the size of this one."""
    if count * image.size > MOST_BYTES:
        raise UserError(
            f"{count:,} images of {_size(image)} pixels need {count * image.size / 2**30:.1f} GiB of memory; at most "
            f"{MOST_BYTES >> 30} GiB are allowed; resize them with task.side."
        )


def _size(image: NDArray[np.uint8]) -> str:
    """Return the width and the height, in this order, as programs for images write them."""
    return f"{image.shape[1]} x {image.shape[0]}"
