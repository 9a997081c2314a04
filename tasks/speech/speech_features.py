"""The features of Speech Commands, computed once and kept: clean, noisy for the test, with background for training.

N examples, S samples, T frames, I features, V versions of a clip.
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
from tasks.speech.noise import Waves, add_noise, white
from tasks.speech.speakers import hashed_part, is_held_out, listed_part
from tasks.speech.spectra import Spectra
from tasks.speech.speech_releases import find_recordings
from tasks.speech.utterances import Backgrounds, Labels, is_silence, label_clips, waves_of
from tasks.speech.wav import RATE

VERSIONS = 4  # noisy ones of each clip for training
CHUNK = 256  # clips that are transformed at once
FORMAT = 1  # to be raised when the same fields come to mean other features
RECORDED = ("version", "words", "unknown", "silence", "split", "split_seed", "content_sha256")
ANALYSED = ("features", "width", "window_ms", "stride_ms")

Vary = Callable[[str, Waves, int], list[Waves]]


def features_of(task: FeatureRequest, root: Path, folder: Path | None) -> dict[str, NDArray[Any]]:
    """Return the task's arrays, from the cache `folder` where it has them; only otherwise are the recordings read.

    Returns:
        For each part, by its name, features (N, T, V · I) and, under its name and "_labels", classes (N,); V is 1, or
        in training 1 + VERSIONS if there is background noise. "mean", "scale" (I,): the clean training part's mean and
        standard deviation. "silence" (I,): the features of a frame of zeros.

    Raises:
        UserError: the recordings are missing, or are not what they should be, or the cache cannot be written to.
    """
    corpus = cache(lambda: FeatureSet(task, root))

    def kept(kind: str, compute: Callable[[FeatureSet], Arrays], *fields: str) -> Arrays:
        return memory_mapped_arrays(folder, f"speech_commands-{kind}", _origin(task, fields), lambda: compute(corpus()))

    found = dict(kept("clean", FeatureSet.clean, *["noise_seed"] * task.silence))
    if task.test_snr_db is not None:
        found |= kept("noisy", FeatureSet.noisy, "noise_seed", "test_noise", "test_snr_db")
    if task.background_share:
        found |= kept("background", FeatureSet.background, "noise_seed", "background_volume")
    return found


def _origin(task: FeatureRequest, fields: tuple[str, ...]) -> Origin:
    """Return what features are computed from: these fields of the task beside the usual ones, by these libraries."""
    parameters = task.parameters()
    return {
        "format": FORMAT,
        "files": dict(task.checksums()),
        "fields": {name: parameters[name] for name in (*RECORDED, *ANALYSED, *fields)},
        "libraries": {name: version(name) for name in ("torch", "torchaudio", "numpy")},
    }


class FeatureSet:
    """The recordings of a task, split and labelled.

    Args:
        task: which recordings, which parts, which classes, which features.
        root: the data root.

    Raises:
        UserError: the recordings are missing, or are not what they should be.
    """

    def __init__(self, task: FeatureRequest, root: Path) -> None:
        self.task = task
        self.recordings = find_recordings(root, task.version, task.read_words, task.content_sha256)
        self.backgrounds = Backgrounds(self.recordings, task.noise_seed)
        self.spectra = Spectra(task.features, task.width, task.window_ms, task.stride_ms)
        labels = Labels(task.target_words, task.unknown, task.silence)
        self.parts = label_clips(self.recordings.clips, self._part_finder(), labels, task.split_seed)

    def _part_finder(self) -> Callable[[str], str]:
        """Return what gives a clip's part.

        The subset has no clip of the official test part: its official validation clips are tested on, and a tenth of
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
        """Return all parts as they were recorded, their classes, and what training needs to standardise them."""
        found: dict[str, NDArray[Any]] = dict(self._render(self.parts, _as_recorded, 1))
        found |= {f"{part}_labels": np.array(list(names.values()), np.int64) for part, names in self.parts.items()}
        training = found["training"]
        scale = training.std((0, 1), dtype=np.float64)
        found["mean"] = training.mean((0, 1), dtype=np.float64).astype(np.float32)
        found["scale"] = np.where(scale > 0, scale, 1).astype(np.float32)
        found["silence"] = self.spectra.of_silence().numpy()
        return found

    def noisy(self) -> Arrays:
        """Return the test part with noise at the task's signal-to-noise ratio."""
        return self._render({"testing": self.parts["testing"]}, self.with_test_noise, 1)

    def with_test_noise(self, name: str, wave: Waves, length: int) -> list[Waves]:
        """Return a test clip (S,), of which `length` samples were recorded, with the task's noise."""
        task, key = self.task, f"test/{name}"
        if task.test_noise == "white":
            noise = white(RATE, f"{task.noise_seed}/{key}")
        else:
            noise = self.backgrounds.section("testing", key)
        assert task.test_snr_db is not None
        return [add_noise(wave[None], np.array([length]), noise[None], task.test_snr_db)[0]]

    def background(self) -> Arrays:
        """Return the training part as it was recorded, and in VERSIONS more with background noise at random volumes."""

        def vary(name: str, wave: Waves, length: int) -> list[Waves]:
            del length
            clean, loudest = (np.zeros_like(wave), 1.0) if is_silence(name) else (wave, self.task.background_volume)
            keys = [f"training/{name}/{i}" for i in range(VERSIONS)]
            return [wave, *(self.backgrounds.mixed("training", key, clean, loudest) for key in keys)]

        return self._render({"training": self.parts["training"]}, vary, 1 + VERSIONS)

    def _render(self, parts: Mapping[str, Mapping[str, int]], vary: Vary, versions: int) -> dict[str, NDArray[Any]]:
        """Return the features (N, T, V · I) of each of the parts, of what `vary` makes of each wave."""
        place = {name: i for names in parts.values() for i, name in enumerate(names)}
        shape = (self.spectra.steps, versions, self.task.width)
        found = {part: np.empty((len(names), *shape), np.float32) for part, names in parts.items()}
        targets: list[tuple[str, int, int]] = []
        waves: list[Waves] = []
        for part, name, wave, length in waves_of(self.recordings, parts, self.backgrounds):
            varied = vary(name, wave, length)
            targets += [(part, place[name], v) for v in range(versions)]
            waves += varied
            if len(waves) >= CHUNK:
                self._put(found, targets, waves)
        self._put(found, targets, waves)
        return {part: values.reshape(*values.shape[:2], -1) for part, values in found.items()}

    def _put(self, found: Mapping[str, NDArray[Any]], targets: list[tuple[str, int, int]], waves: list[Waves]) -> None:
        """Transform the waves and put their features where they belong; leave both lists empty."""
        if waves:
            for (part, i, v), values in zip(targets, self.spectra(torch.from_numpy(np.stack(waves))), strict=True):
                found[part][i, :, v] = values.numpy()
        targets.clear()
        waves.clear()


def _as_recorded(name: str, wave: Waves, length: int) -> list[Waves]:
    del name, length
    return [wave]
