"""The user's sounds: a folder with a folder for each class."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Problem, batch_of_one
from gatebench.views import Spectrogram
from tasks.blocks.class_folder_task import ClassFolderTask
from tasks.blocks.validation import check_choice, check_number, check_whole, make_floats
from tasks.data.class_folder import folder_digest

if TYPE_CHECKING:
    from tasks.data.array_cache import Arrays
    from tasks.speech.spectra import Spectra

FEATURES = {"log_mel": 64, "mfcc": 40}  # the kinds of features, with their largest width
FORMAT = 1
"""The version of the cache entries. It must be raised if the same fields come to mean other features."""


@dataclass(frozen=True)
class AudioFolder(ClassFolderTask):
    """The user's sounds of any rate and duration, from frames of log-mel energies or MFCCs.

    The mean of the channels is read. The features are standardised by the mean and the standard deviation of the
    training part. See `ClassFolderTask` for the other parameters.

    Attributes:
        rate: samples a second; other rates are resampled.
        seconds: the duration that is read: of a longer sound the beginning. A shorter one has fewer steps.
        features: "log_mel" for log-mel energies up to 0.475 · rate, or "mfcc" for coefficients of 40 such bands.
        width: I, the number of bands or coefficients.
        window_ms: the length of a frame in milliseconds.
        stride_ms: milliseconds from the start of a frame to the start of the next.
    """

    title = "Sounds of the user"
    protocol = (
        "None is published. The parts are the user's, or a seed draws 70 % for training, 10 % for validation and 20 % "
        "for test, with about the same share of each class. Equal sounds are in one part. With task.group, no group is "
        "in two parts; without it, one speaker can be in two parts, and the score is no estimate for new speakers."
    )
    suffixes = (".wav", ".flac", ".ogg", ".mp3")
    kind = "a sound"

    rate: int = 16_000
    seconds: float = 1.0
    features: str = "log_mel"
    width: int = 40
    window_ms: int = 40
    stride_ms: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole("rate", self.rate, 8000, 48_000)
        check_number("seconds", self.seconds, 0.1, 600)
        check_choice("features", self.features, FEATURES)
        check_whole("width", self.width, 1, FEATURES[self.features])
        check_whole("window_ms", self.window_ms, 20, 100)
        check_whole("stride_ms", self.stride_ms, 5, self.window_ms)
        make_floats(self, "seconds")

    def load(self, root: Path, cache: Path | None = None) -> Problem:  # noqa: ARG002  (the path is the user's)
        """Read the features from the cache or compute them, and split the sounds.

        Raises:
            UserError: a file is no sound, or a part has no example.
        """
        import torch

        from tasks.blocks.linear_classifier import linear_accuracy
        from tasks.blocks.majority import majority
        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.splits import TensorSplit
        from tasks.speech.audio_features import mean_and_scale
        from tasks.speech.augmentation import Augment, Augmentations

        arrays = self._arrays(cache)
        parts = self.parts([key.tobytes() for key in arrays["keys"]])
        features, lengths = (torch.from_numpy(arrays[name]) for name in ("features", "lengths"))
        statistics = mean_and_scale(arrays["features"][parts[0]], arrays["lengths"][parts[0]])
        mean, scale = (torch.from_numpy(array) for array in statistics)
        labels, steps = self.labels(), features.shape[1]
        varied = bool((lengths < steps).any())
        train, val, test = (
            TensorSplit(features[part], labels[part], lengths[part] if varied else None) for part in parts
        )
        encoder = Augment(mean, scale, self._spectra().silence().clone(), Augmentations())
        return classification_problem(
            train,
            val,
            test,
            input_size=self.width,
            steps=int(lengths.max()),
            classes=len(self.answers),
            encoder=encoder,
            baselines=lambda: {
                "majority": majority(train, test),
                "linear": linear_accuracy(train, test, encoder, len(self.answers)),
            },
        )

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test sound."""
        batch = batch_of_one(problem.test, number)
        return Example(batch, Spectrogram(batch.inputs, self.stride_ms / 1000), self.answer(batch.y))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a further sound of the user."""
        import numpy as np
        import torch

        from tasks.speech.audio_features import frames_of
        from tasks.speech.sound_files import read_sound

        spectra = self._spectra()
        wave = read_sound(given.read_bytes(), str(given.file), self.rate, self.seconds)
        padded = np.pad(wave, (0, max(0, self.rate * self.window_ms // 1000 - len(wave))))
        steps = frames_of(len(wave), spectra)
        if steps > problem.steps:
            raise UserError(f"{given.file} has {steps} frames; the sounds of the task have at most {problem.steps}.")
        x = spectra(torch.from_numpy(padded)[None])[0, :steps].clone()
        notes = (f"{len(wave) / self.rate:.2f} s are read.",)
        batch = Batch(x[:, None], torch.zeros(1), torch.tensor([steps]))
        return Example(batch, Spectrogram(x.numpy(), self.stride_ms / 1000), notes=notes)

    def _spectra(self) -> Spectra:
        """Return the transform from waves to features."""
        from tasks.speech.spectra import Spectra

        return Spectra(self.features, self.width, self.window_ms, self.stride_ms, self.rate)

    def _arrays(self, cache: Path | None) -> Arrays:
        """Return the features, lengths and checksums of all sounds from the cache, or compute and cache them."""
        from tasks.data.array_cache import memory_mapped_arrays
        from tasks.speech.audio_features import audio_features

        fields = ("rate", "seconds", "features", "width", "window_ms", "stride_ms")
        origin = {
            "format": FORMAT,
            "files": folder_digest(self.files),
            "fields": {name: getattr(self, name) for name in fields},
            "libraries": {name: version(name) for name in ("torch", "torchaudio", "numpy", "scipy", "soundfile")},
        }
        return memory_mapped_arrays(
            cache, "audio_folder", origin, lambda: audio_features(self.files, self._spectra(), self.seconds)
        )
