"""Wav files as Speech Commands has them: 16,000 samples a second, one channel, 16 bits a sample."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from gatebench.errors import UserError

RATE = 16_000  # samples a second
FULL_SCALE = 32_768


def read_wav(data: bytes, name: str) -> NDArray[np.int16]:
    """Return the samples (N,) of a wav file, at least one; `name` is the file's, for the sentences.

    Nothing is converted: what has another rate, several channels or another kind of samples is not of this data set.

    Raises:
        UserError: the file is no wav file, is cut off, holds no sample, or holds others than these.
    """
    if data[:4] == b"RIFF" and (announced := int.from_bytes(data[4:8], "little") + 8) > len(data):
        raise UserError(f"{name} is cut off: it announces {announced:,} bytes and has {len(data):,}.")
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            found = (file.format, file.subtype, file.samplerate, file.channels)
            samples: NDArray[np.int16] = file.read(dtype="int16", always_2d=True)[:, 0]
    except (soundfile.LibsndfileError, ValueError) as error:
        raise UserError(f"{name} ({len(data):,} bytes) cannot be read as a wav file: {error}.") from None
    if found != ("WAV", "PCM_16", RATE, 1):
        raise UserError(
            f"{name} is {found[0]} {found[1]} at {found[2]:,} Hz with {found[3]} channels; "
            f"it must be WAV PCM_16 at {RATE:,} Hz with one."
        )
    if not len(samples):
        raise UserError(f"{name} holds no sample.")
    return samples


def to_floats(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the samples as floats from -1 to 1."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def one_second(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the samples (N,) as a second of floats (RATE,): cut, or with zeros behind, as the official code does."""
    wave = np.zeros(RATE, np.float32)
    wave[: len(samples)] = to_floats(samples[:RATE])
    return wave
