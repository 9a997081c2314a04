"""Features of the user's sounds. N sounds, S samples, T frames, I features."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.data.array_cache import Arrays
from tasks.data.class_folder import ClassFile
from tasks.data.files import read_file
from tasks.speech.sound_files import read_sound
from tasks.speech.spectra import Spectra

MOST_BYTES = 4 << 30
"""The largest memory of the features of all sounds."""

CHUNK = 64
"""The number of sounds that are transformed at once."""


def frames_of(samples: int, spectra: Spectra) -> int:
    """Return the number of frames within so many samples; a sound shorter than a frame has one."""
    window, stride = (spectra.rate * ms // 1000 for ms in (spectra.window_ms, spectra.stride_ms))
    return 1 + max(samples - window, 0) // stride


def audio_features(files: Sequence[ClassFile], spectra: Spectra, seconds: float) -> Arrays:
    """Return the features of sounds that are cut, or padded with zeros, to the same duration.

    Returns:
        "features" (N, T, I); "lengths" (N,), the number of frames of each sound without the padding; "keys" (N, 16), a
        checksum of each wave.

    Raises:
        UserError: a file is no sound, or the features need too much memory.
    """
    samples = round(seconds * spectra.rate)
    shape = (len(files), frames_of(samples, spectra), spectra.width)
    if (size := 4 * int(np.prod(shape, dtype=np.int64))) > MOST_BYTES:
        raise UserError(
            f"The features of {len(files):,} sounds of {seconds:g} s need {size / 2**30:.1f} GiB of memory; at most "
            f"{MOST_BYTES >> 30} GiB are allowed; reduce task.seconds or task.width."
        )
    features = np.empty(shape, np.float32)
    lengths, keys = np.empty(len(files), np.int64), np.empty((len(files), 16), np.uint8)
    for start in range(0, len(files), CHUNK):
        waves = np.zeros((min(CHUNK, len(files) - start), samples), np.float32)
        for number, file in enumerate(files[start : start + CHUNK]):
            wave = read_sound(read_file(file.path), str(file.path), spectra.rate, seconds)
            waves[number, : len(wave)] = wave
            lengths[start + number] = frames_of(len(wave), spectra)
            keys[start + number] = np.frombuffer(blake2b(wave.tobytes(), digest_size=16).digest(), np.uint8)
        features[start : start + CHUNK] = spectra(torch.from_numpy(waves)).numpy()
    return {"features": features, "lengths": lengths, "keys": keys}


def mean_and_scale(
    features: NDArray[np.float32], lengths: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the mean and the standard deviation (I,) over the frames of sounds (N, T, I), without the padding.

    The deviation of a constant feature is replaced by 1.
    """
    frames = features[np.arange(features.shape[1]) < lengths[:, None]]
    scale = frames.std(0, dtype=np.float64)
    return frames.mean(0, dtype=np.float64).astype(np.float32), np.where(scale > 0, scale, 1).astype(np.float32)
