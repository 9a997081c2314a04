"""Small clips in a folder for each class, as a user may have them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CLASSES = ("darker", "lighter")


def write_small_videos(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the folder `videos` below the root: 200 clips of three or four frames of 6 x 5 pixels in noise.

    One clip in ten does the opposite of its class.
    """
    del patch
    rng = np.random.default_rng(0)
    for number in range(200):
        label = number % 2
        clip = root / "videos" / CLASSES[label] / f"clip{number}"
        clip.mkdir(parents=True)
        rises = bool(label) != (number % 10 == number // 10 % 10)
        frames = 3 + number % 4 // 2
        for frame in range(frames):
            level = frame / (frames - 1)
            pixels = rng.integers(0, 120, (5, 6, 3)) + round(120 * (level if rises else 1 - level))
            Image.fromarray(pixels.astype(np.uint8)).save(clip / f"{frame + 8}.png", compress_level=0)
