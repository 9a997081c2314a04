"""White noise and recorded noise, and their addition at a signal-to-noise ratio. B clips, S samples."""

import hashlib
from collections.abc import Sequence
from random import Random

import numpy as np
from numpy.typing import NDArray

from gatebench.errors import UserError

Waves = NDArray[np.float32]

PART_RANGES = {"training": (0.0, 0.8), "validation": (0.8, 0.9), "testing": (0.9, 1.0)}
"""The range of each noise recording that a part uses, as fractions of its length. No two parts share noise."""

MAX_DRAWS = 100
"""The number of times that a silent section is drawn anew."""


def white_noise(samples: int, key: str) -> Waves:
    """Return white Gaussian noise (S,) of variance 1. The key is its seed."""
    digest = hashlib.sha256(key.encode()).digest()
    generator = np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))
    return generator.standard_normal(samples, np.float32)


class NoiseSections:
    """Random sections of noise recordings, from the ranges of one part.

    Args:
        recordings: the noise recordings, each floats (N,).
        part: "training", "validation" or "testing".
        samples: S, the length of a section.

    Raises:
        UserError: there is no recording, or the part's range of one is shorter than a section.
    """

    def __init__(self, recordings: Sequence[Waves], part: str, samples: int) -> None:
        begin, end = PART_RANGES[part]
        self.samples = samples
        self.ranges = [wave[round(begin * len(wave)) : round(end * len(wave))] for wave in recordings]
        if not self.ranges or min(map(len, self.ranges)) < samples:
            raise UserError(
                f"The recordings of background noise must exist and have at least {samples * 10:,} samples each: "
                f"a tenth of each is for {part}."
            )

    def section(self, key: str) -> Waves:
        """Return a random section (S,) with at least one sample that is not zero. The key is its seed.

        Raises:
            UserError: all sections that were drawn are zero.
        """
        draw = Random(key).random
        for _ in range(MAX_DRAWS):
            recording = self.ranges[int(draw() * len(self.ranges))]
            start = int(draw() * (len(recording) - self.samples + 1))
            section = recording[start : start + self.samples]
            if section.any():
                return section
        raise UserError("The recordings of background noise contain only silence.")


def add_noise(waves: Waves, lengths: NDArray[np.int64], noise: Waves, snr_db: float) -> Waves:
    """Return the clips with noise, scaled so that each clip has the given signal-to-noise ratio.

    The power of a clip is the mean square of its recorded samples, without the zeros after them. The power of the noise
    is its mean square over all S samples. torchaudio's `add_noise` is not used because it measures the power of the
    noise over the recorded samples only. The result is not clipped, because clipping would change the ratio. A clip of
    zeros stays a clip of zeros.

    Args:
        waves: (B, S) the clips.
        lengths: (B,) the numbers of recorded samples, at the beginning of the clips.
        noise: (B, S) the noise.
        snr_db: the signal-to-noise ratio in decibels.
    """
    signal_power = np.square(waves, dtype=np.float64).sum(1) / lengths
    noise_power = np.square(noise, dtype=np.float64).mean(1)
    gain = np.sqrt(signal_power / (noise_power * 10 ** (snr_db / 10)))
    noisy: Waves = waves + gain[:, None].astype(np.float32) * noise
    return noisy
