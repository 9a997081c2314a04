"""Small colour images in a folder for each class, as a user may have them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CLASSES = ("blue", "green", "red")


def write_small_images(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the folder `images` below the root: 540 images of 6 x 5 pixels in which one colour is mostly stronger."""
    del patch
    rng = np.random.default_rng(0)
    for label in CLASSES:
        (root / "images" / label).mkdir(parents=True)
    for number in range(540):
        pixels = rng.integers(0, 200, (5, 6, 3), np.uint8)
        pixels[..., 2 - (number if rng.random() < 0.9 else rng.integers(3)) % 3] += np.uint8(55)
        Image.fromarray(pixels).save(root / "images" / CLASSES[number % 3] / f"{number}.png", compress_level=0)
