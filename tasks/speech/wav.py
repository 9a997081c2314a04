"""Wav files of Speech Commands: 16,000 samples a second, one channel, 16 bits a sample.

soundfile decodes the files.
"""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.speech.sound_errors import check_complete, undecodable

RATE = 16_000  # samples a second
FULL_SCALE = 32_768  # the integer sample that corresponds to 1.0


def read_wav(data: bytes, name: str) -> NDArray[np.int16]:
    """Return the samples (N,) of a wav file, with N at least 1.

    A file with another rate, several channels or another kind of samples does not belong to the data set. It is refused
    and not converted.

    Args:
        data: the bytes of the file.
        name: the name of the file, for messages.

    Raises:
        UserError: the file is not a wav file, is truncated, has no samples, or has samples of another kind.
    """
    check_complete(data, name)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            found = (file.format, file.subtype, file.samplerate, file.channels)
            samples: NDArray[np.int16] = file.read(dtype="int16", always_2d=True)[:, 0]
    except (soundfile.LibsndfileError, ValueError) as error:
        raise undecodable(data, name, "a wav file", error) from None
    if found != ("WAV", "PCM_16", RATE, 1):
        raise UserError(
            f"{name} is {found[0]} {found[1]} at {found[2]:,} Hz with {found[3]} channels; "
            f"it must be WAV PCM_16 at {RATE:,} Hz with one."
        )
    if not len(samples):
        raise UserError(f"{name} has no samples.")
    return samples


def to_floats(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the samples as floats from -1 to 1."""
    return samples.astype(np.float32) / np.float32(FULL_SCALE)


def one_second(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    """Return the samples (N,) as one second of floats (RATE,).

    Longer clips are cut at the end, and shorter ones are padded with zeros at the end, as in the official code.
    """
    wave = np.zeros(RATE, np.float32)
    wave[: len(samples)] = to_floats(samples[:RATE])
    return wave
