"""Noise: white, or out of recordings, at a given signal-to-noise ratio. B clips, S samples."""

import hashlib
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

Waves = NDArray[np.float32]

STRETCHES = {"training": (0.0, 0.8), "validation": (0.8, 0.9), "testing": (0.9, 1.0)}
"""From where to where in each recording a part takes its noise: none is heard in two of them."""
TRIES = 100


def white(samples: int, key: str) -> Waves:
    """Return white Gaussian noise (S,) of power about 1, which the `key` alone determines."""
    digest = hashlib.sha256(key.encode()).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    return generator.standard_normal(samples, np.float32)


class Background:
    """Sections of noise recordings, from the stretch of each that belongs to one part.

    Args:
        recordings: floats (N,) each.
        part: "training", "validation" or "testing".
        samples: S, how long a section is.

    Raises:
        UserError: there is no recording, or the stretch of one is shorter than a section.
    """

    def __init__(self, recordings: Sequence[Waves], part: str, samples: int) -> None:
        begin, end = STRETCHES[part]
        self.samples = samples
        self.stretches = [wave[round(begin * len(wave)) : round(end * len(wave))] for wave in recordings]
        if not self.stretches or min(map(len, self.stretches)) < samples:
            raise UserError(
                f"The recordings of background noise must be there, and each hold at least {samples * 10:,} samples: "
                f"a tenth of each is for {part}."
            )

    def section(self, key: str) -> Waves:
        """Return a section (S,) that is not digital silence all through, which the `key` alone determines.

        Raises:
            UserError: there is nothing but silence.
        """
        draw = Random(key).random
        for _ in range(TRIES):
            stretch = self.stretches[int(draw() * len(self.stretches))]
            start = int(draw() * (len(stretch) - self.samples + 1))
            section = stretch[start : start + self.samples]
            if section.any():
                return section
        raise UserError("The recordings of background noise hold nothing but silence.")


def add_noise(waves: Waves, lengths: NDArray[np.int64], noise: Waves, snr_db: float) -> Waves:
    """Return the clips (B, S) with noise (B, S), scaled so that each has the signal-to-noise ratio, in decibels.

    The power of a clip is its mean square over its own samples, the first `lengths` (B,) of it and not the zeros behind
    them; that of its noise, over all S. Nothing is clipped, which would change the ratio. A clip of zeros has no power,
    and stays as it is.
    """
    signal = np.square(waves, dtype=np.float64).sum(1) / lengths
    power = np.square(noise, dtype=np.float64).mean(1)
    gain = np.sqrt(signal / (power * 10 ** (snr_db / 10)))
    noisy: Waves = waves + gain[:, None].astype(np.float32) * noise
    return noisy
