"""Sound files of the user as waves of one rate. S samples.

soundfile decodes the files. SciPy resamples them with a polyphase filter, because the filter of torchaudio takes
gigabytes for rates without a large common divisor.
"""

import io
import math

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import resample_poly

from gatebench.errors import UserError
from tasks.speech.sound_errors import check_complete, undecodable

LOWEST_RATE, HIGHEST_RATE = 1000, 384_000
"""The least and the greatest rate of a file, in samples a second."""


def read_sound(data: bytes, name: str, rate: int, seconds: float) -> NDArray[np.float32]:
    """Return the beginning of a sound (S,) as floats, the mean of its channels, with S from 1 to rate · seconds.

    Args:
        data: the bytes of the file, in a format that soundfile reads: WAV, FLAC, Ogg Vorbis, MP3.
        name: the name of the file in messages.
        rate: the samples a second of the result.
        seconds: the largest duration that is read.

    Raises:
        UserError: the file cannot be read, is truncated, has no samples, or has samples that are not finite.
    """
    check_complete(data, name)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            own_rate = file.samplerate
            samples = file.read(math.ceil(seconds * own_rate) + 1, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, ValueError, TypeError) as error:
        raise undecodable(data, name, "a sound", error) from None
    if not LOWEST_RATE <= own_rate <= HIGHEST_RATE:
        raise UserError(f"{name} has {own_rate:,} samples a second; {LOWEST_RATE:,} to {HIGHEST_RATE:,} are allowed.")
    if not len(samples):
        raise UserError(f"{name} has no samples.")
    if not np.isfinite(samples).all():
        raise UserError(f"{name} has a sample that is not a finite number.")
    wave: NDArray[np.float32] = samples.mean(1)
    if own_rate != rate:
        divisor = math.gcd(own_rate, rate)
        wave = resample_poly(wave, rate // divisor, own_rate // divisor)
    return wave[: round(seconds * rate)]
