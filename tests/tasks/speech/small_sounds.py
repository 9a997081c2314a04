"""Small sounds in a folder for each class, as a user may have them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

CLASSES = ("high", "low", "middle")
HERTZ = (2000, 300, 900)


def write_small_sounds(root: Path, patch: pytest.MonkeyPatch) -> None:
    """Write the folder `sounds` below the root: 540 tones in noise of 0.1 to 0.25 s. One tone in ten is drawn anew."""
    del patch
    rng = np.random.default_rng(0)
    for label in CLASSES:
        (root / "sounds" / label).mkdir(parents=True)
    for number in range(540):
        samples = rng.integers(800, 2000)
        hertz = HERTZ[number % 3 if rng.random() < 0.9 else rng.integers(3)]
        tone = np.sin(2 * np.pi * hertz * np.arange(samples) / 8000)
        path = root / "sounds" / CLASSES[number % 3] / f"{number}.wav"
        soundfile.write(path, 0.1 * tone + 0.1 * rng.standard_normal(samples), 8000)
