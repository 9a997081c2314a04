"""The features of Speech Commands: clean clips, noisy test clips, and training clips with background noise.

They are computed once and kept in the cache. N examples, S samples, T frames, I features, V versions of a clip.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tasks.data.array_cache import Arrays, Origin, memory_mapped_arrays
from tasks.speech.feature_request import FeatureRequest
from tasks.speech.noise import Waves, add_noise, white_noise
from tasks.speech.speakers import hashed_part, is_held_out, listed_part
from tasks.speech.spectra import Spectra
from tasks.speech.speech_releases import find_recordings
from tasks.speech.utterances import BackgroundNoise, Labels, is_silence, label_clips, waves_of
from tasks.speech.wav import RATE

NOISY_VERSIONS = 4
"""The number of versions with background noise of each training clip."""

CHUNK = 256
"""The number of clips that are transformed at once."""

FORMAT = 1
"""The version of the cache entries. It must be raised if the same fields come to mean other features."""

RECORDING_FIELDS = ("version", "words", "unknown", "silence", "split", "split_seed", "content_sha256")
SPECTRA_FIELDS = ("features", "width", "window_ms", "stride_ms")

Vary = Callable[[str, Waves, int], list[Waves]]
"""From the name, the wave (S,) and the number of recorded samples of an example to its V versions (S,)."""


def features_of(task: FeatureRequest, root: Path, folder: Path | None) -> dict[str, NDArray[Any]]:
    """Return the task's arrays by name. The recordings are read only if the cache does not have the arrays.

    Args:
        task: the fields of the task.
        root: the data root.
        folder: the folder of the cache; None for no cache.

    Returns:
        For each part: under its name the features (N, T, V · I), and under its name with "_labels" the classes (N,).
        V is 1 + NOISY_VERSIONS in the training part if there is background noise, else 1. "mean", "scale" (I,): the
        mean and the standard deviation of the clean training part. "silence" (I,): the features of a frame of zeros.

    Raises:
        UserError: the recordings are missing or not the published ones, or the cache cannot be written.
    """
    features = cache(lambda: FeatureSet(task, root))

    def cached(kind: str, compute: Callable[[FeatureSet], Arrays], *fields: str) -> Arrays:
        return memory_mapped_arrays(
            folder, f"speech_commands-{kind}", _origin(task, fields), lambda: compute(features())
        )

    silence_fields = ("noise_seed",) if task.silence else ()
    arrays = dict(cached("clean", FeatureSet.clean, *silence_fields))
    if task.test_snr_db is not None:
        arrays |= cached("noisy", FeatureSet.noisy, "noise_seed", "test_noise", "test_snr_db")
    if task.background_share:
        arrays |= cached("background", FeatureSet.background, "noise_seed", "background_volume")
    return arrays


def _origin(task: FeatureRequest, fields: tuple[str, ...]) -> Origin:
    """Return all that determines a cache entry: the files, the libraries, and the task's fields with these `fields`."""
    parameters = task.parameters()
    return {
        "format": FORMAT,
        "files": dict(task.checksums()),
        "fields": {name: parameters[name] for name in (*RECORDING_FIELDS, *SPECTRA_FIELDS, *fields)},
        "libraries": {name: version(name) for name in ("torch", "torchaudio", "numpy")},
    }


class FeatureSet:
    """The recordings of a task with their parts and classes, from which the features are computed.

    Args:
        task: the fields of the task.
        root: the data root.

    Raises:
        UserError: the recordings are missing, or are not the published ones.
    """

    def __init__(self, task: FeatureRequest, root: Path) -> None:
        self.task = task
        self.recordings = find_recordings(root, task.version, task.read_words, task.content_sha256)
        self.background_noise = BackgroundNoise(self.recordings, task.noise_seed)
        self.spectra = Spectra(task.features, task.width, task.window_ms, task.stride_ms)
        labels = Labels(task.target_words, task.unknown, task.silence)
        self.parts = label_clips(self.recordings.clips, self._part_function(), labels, task.split_seed)

    def _part_function(self) -> Callable[[str], str]:
        """Return the function from a clip's name to its part.

        The subset has no clip of the official test part. Its test part is the official validation part, and a tenth of
        the training speakers are held out for validation.
        """
        lists, task = self.recordings.lists(), self.task
        official = hashed_part if task.split == "hash" else lambda name: listed_part(name, lists)
        if not task.is_subset:
            return official

        def part_of(name: str) -> str:
            if official(name) != "training":
                return "testing"
            return "validation" if is_held_out(name, task.split_seed) else "training"

        return part_of

    def clean(self) -> Arrays:
        """Return the clean features and the classes of all parts, and the statistics of the training part."""
        arrays: dict[str, NDArray[Any]] = dict(self._compute(self.parts, _only_clean, 1))
        arrays |= {f"{part}_labels": np.array(list(names.values()), np.int64) for part, names in self.parts.items()}
        training = arrays["training"]
        scale = training.std((0, 1), dtype=np.float64)
        arrays["mean"] = training.mean((0, 1), dtype=np.float64).astype(np.float32)
        arrays["scale"] = np.where(scale > 0, scale, 1).astype(np.float32)
        arrays["silence"] = self.spectra.silence().numpy()
        return arrays

    def noisy(self) -> Arrays:
        """Return the features of the test part with noise at the task's signal-to-noise ratio."""
        return self._compute({"testing": self.parts["testing"]}, self.with_test_noise, 1)

    def with_test_noise(self, name: str, wave: Waves, length: int) -> list[Waves]:
        """Return a test clip with the task's noise, in a list of one.

        Args:
            name: the name of the clip.
            wave: (S,) the clip.
            length: the number of its recorded samples.
        """
        task, key = self.task, f"test/{name}"
        if task.test_noise == "white":
            noise = white_noise(RATE, f"{task.noise_seed}/{key}")
        else:
            noise = self.background_noise.section("testing", key)
        assert task.test_snr_db is not None
        return [add_noise(wave[None], np.array([length]), noise[None], task.test_snr_db)[0]]

    def background(self) -> Arrays:
        """Return the features of the training part: clean, and in NOISY_VERSIONS with noise at random volumes."""
        return self._compute({"training": self.parts["training"]}, self._with_background, 1 + NOISY_VERSIONS)

    def _with_background(self, name: str, wave: Waves, length: int) -> list[Waves]:
        """Return a training clip and its noisy versions. The noisy versions of a silence are other silences."""
        del length
        if is_silence(name):
            clean, max_volume = np.zeros_like(wave), 1.0
        else:
            clean, max_volume = wave, self.task.background_volume
        keys = [f"training/{name}/{i}" for i in range(NOISY_VERSIONS)]
        return [wave, *(self.background_noise.mix("training", key, clean, max_volume) for key in keys)]

    def _compute(self, parts: Mapping[str, Mapping[str, int]], vary: Vary, versions: int) -> dict[str, NDArray[Any]]:
        """Return the features (N, T, V · I) of all versions of the clips, by part.

        Args:
            parts: the names of the examples of each part, in order.
            vary: returns the versions of a clip.
            versions: V.
        """
        index_of = {name: i for names in parts.values() for i, name in enumerate(names)}
        shape = (self.spectra.steps, versions, self.task.width)
        features = {part: np.empty((len(names), *shape), np.float32) for part, names in parts.items()}
        targets: list[tuple[str, int, int]] = []
        waves: list[Waves] = []
        for part, name, wave, length in waves_of(self.recordings, parts, self.background_noise):
            waves += vary(name, wave, length)
            targets += [(part, index_of[name], v) for v in range(versions)]
            if len(waves) >= CHUNK:
                self._store(features, targets, waves)
        self._store(features, targets, waves)
        return {part: values.reshape(*values.shape[:2], -1) for part, values in features.items()}

    def _store(
        self, features: Mapping[str, NDArray[Any]], targets: list[tuple[str, int, int]], waves: list[Waves]
    ) -> None:
        """Transform the waves and write their features to the target (part, example, version). Clear both lists."""
        if waves:
            for (part, i, v), values in zip(targets, self.spectra(torch.from_numpy(np.stack(waves))), strict=True):
                features[part][i, :, v] = values.numpy()
        targets.clear()
        waves.clear()


def _only_clean(name: str, wave: Waves, length: int) -> list[Waves]:
    del name, length
    return [wave]
