"""Speech Commands: classify the word in a clip of one second."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gatebench.errors import UserError, out_of_range
from gatebench.own_input import OwnInput
from gatebench.task import Batch, Example, Metric, Problem, Size, Task, batch_of_one
from gatebench.views import Spectrogram
from tasks.blocks.validation import check_choice, check_flag, check_number, check_whole, make_floats
from tasks.speech.noisy_tests import noisy_metrics
from tasks.speech.speakers import PARTS
from tasks.speech.speech_releases import ARCHIVES, WORDS, check_recordings, check_words, checksums

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEATURES = {"log_mel": 64, "mfcc": 40}  # the kinds of features, with their largest width
TRAINING_CLIPS = {"v0.01_subset": 450, "v0.01": 1703, "v0.02": 2424}  # the mean number per word


@dataclass(frozen=True)
class SpeechCommands(Task):
    """Classify the spoken word in a clip, from frames of log-mel energies or MFCCs.

    The features are standardised by the mean and the standard deviation of the training part.

    Attributes:
        version: the release: "v0.02" (35 words), "v0.01" (30 words), or "v0.01_subset" (5,000 clips of 9 of them).
        words: the words that are classes. If it is empty, all words of the version are classes.
        unknown: whether there is one more class, of other words, a tenth as many as there are clips of the words.
        silence: whether there is one more class, of background noise, also a tenth as many.
        split: the official split of the speakers: "lists", or "hash" of the speaker's name. The two agree.
        split_seed: the seed that selects the unknown words, and the validation speakers of the subset.
        content_sha256: the checksum of v0.01 or v0.02 unpacked, to read it so; None reads the archive. See
            `tasks.speech.speech_releases.find_recordings`.
        features: "log_mel" for log-mel energies, or "mfcc" for coefficients of 40 bands.
        width: I, the number of bands or coefficients.
        window_ms: the length of a frame in milliseconds.
        stride_ms: milliseconds from the start of a frame to the start of the next.
        background_share: the share of training clips with background noise, from 0 to 1. Each clip has four mixtures,
            which are computed once.
        background_volume: the largest volume of this noise, from 0 to 1.
        time_shift_ms: how far a training clip is shifted at most, in milliseconds, rounded to whole frames.
        time_mask: in training, each of two masks hides fewer adjoining frames than this (SpecAugment).
        frequency_mask: in training, each of two masks hides fewer adjoining features than this (SpecAugment).
        test_noise: the noise that is added to test clips: "white", or "background" from sections of the recordings
            that training does not use.
        test_snr_db: the signal-to-noise ratio of the test clips in decibels. None adds no noise.
        test_snr_levels: further signal-to-noise ratios in decibels. The trained network is tested at each of them too,
            and the accuracy at 20 dB is the metric `accuracy_snr_20`.
        noise_seed: the seed of all noise.
    """

    title = "Speech Commands, a spoken word in one second"
    metrics = (Metric("accuracy", "max", low=0, high=1),)
    chance = 1 / 35  # for 35 words; `__post_init__` sets it for the classes of an instance
    protocol = (
        "Warden 2018: 80/10/10 % of the speakers by the official lists; 12 classes as in the official code, used by "
        "Zhang et al. 2017 (Hello Edge), but silences and noise are drawn once, and each part has its own sections of "
        "the noise recordings. The subset v0.01_subset has no official test clip: its official validation clips "
        "are the test, and a tenth of the training speakers are held out for validation. Figures for it are not "
        "comparable with published ones."
    )
    licence = "CC BY 4.0"

    version: str = "v0.02"
    words: Sequence[str] = ()
    unknown: bool = False
    silence: bool = False
    split: str = "lists"
    split_seed: int = 0
    content_sha256: str | None = None
    features: str = "log_mel"
    width: int = 40
    window_ms: int = 40
    stride_ms: int = 20
    background_share: float = 0.0
    background_volume: float = 0.1
    time_shift_ms: int = 0
    time_mask: int = 0
    frequency_mask: int = 0
    test_noise: str = "white"
    test_snr_db: float | None = None
    test_snr_levels: Sequence[float] = ()
    noise_seed: int = 0

    def __post_init__(self) -> None:
        self._check_recordings()
        self._check_features()
        self._check_noise()
        object.__setattr__(self, "words", tuple(self.words))
        object.__setattr__(self, "chance", 1 / self.classes)
        make_floats(self, "background_share", "background_volume", "test_snr_db")
        self._add_noisy_metrics()

    @property
    def is_subset(self) -> bool:
        """Whether the version is the subset, which has its own split and no background noise."""
        return self.version not in ARCHIVES

    @property
    def target_words(self) -> tuple[str, ...]:
        """The words that are classes of their own."""
        return tuple(self.words) or WORDS[self.version]

    @property
    def classes(self) -> int:
        """C, the number of classes."""
        return len(self.target_words) + self.unknown + self.silence

    @property
    def read_words(self) -> tuple[str, ...]:
        """The words whose recordings are needed."""
        return WORDS[self.version] if self.unknown else self.target_words

    @property
    def steps(self) -> int:
        """T, the number of frames in a second."""
        return 1 + (1000 - self.window_ms) // self.stride_ms

    @property
    def label(self) -> str:
        """The name in tables. It always contains the version, so that the subset is not taken for a whole release."""
        defaults = SpeechCommands().parameters()
        shown = {
            key: value for key, value in self.parameters().items() if key == "version" or value != defaults.get(key)
        }
        shown |= {"words": "+".join(self.words)} if self.words else {}
        if self.test_snr_levels:
            shown["test_snr_levels"] = "+".join(f"{level:g}" for level in self.test_snr_levels)
        return f"{self.name}[{', '.join(f'{key}={value}' for key, value in shown.items())}]"

    def parameters(self) -> dict[str, Any]:
        """Return the fields that a config may set."""
        values = {**super().parameters(), "words": list(self.words), "test_snr_levels": list(self.test_snr_levels)}
        if not self.test_snr_levels:  # digests of earlier versions stay
            del values["test_snr_levels"]
        return values

    def size(self) -> Size:
        """Return the number of training clips, estimated from the mean over all words of the version, T and I."""
        words = len(self.target_words) * (1 + 0.1 * (self.unknown + self.silence))
        return Size(round(TRAINING_CLIPS[self.version] * words), self.steps, self.width)

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of the archives, or `content_sha256` for an unpacked release."""
        return checksums(self.version, self.read_words, self.content_sha256)

    def check_files(self, root: Path, cache: Path | None = None) -> None:
        """Check that the recordings exist in one of their layouts, or that the cache has some features."""
        if cache is None or not any(cache.glob("speech_commands-clean*")):
            check_recordings(root, self.version, self.read_words, self.content_sha256)

    def load(self, root: Path, cache: Path | None = None) -> Problem:
        """Read the features from the cache, or compute them from the recordings in any of their layouts."""
        import torch

        from tasks.blocks.linear_classifier import linear_accuracy
        from tasks.blocks.objectives import classification_problem
        from tasks.blocks.splits import TensorSplit
        from tasks.speech.augmentation import Augment, Augmentations
        from tasks.speech.noisy_tests import noisy_accuracies, noisy_splits
        from tasks.speech.speech_features import features_of

        arrays = {name: torch.from_numpy(array) for name, array in features_of(self, root, cache).items()}
        train, val, test = (TensorSplit(arrays[part], arrays[f"{part}_labels"]) for part in PARTS)
        shift = round(self.time_shift_ms / self.stride_ms)
        augmentations = Augmentations(self.background_share, shift, self.time_mask, self.frequency_mask)
        encoder = Augment(arrays["mean"], arrays["scale"], arrays["silence"], augmentations)
        problem = classification_problem(
            train,
            val,
            test,
            input_size=self.width,
            steps=self.steps,
            classes=self.classes,
            encoder=encoder,
            baselines=lambda: {"linear": linear_accuracy(train, test, encoder, self.classes)},
        )
        requests = {level: replace(self, test_snr_db=level, test_snr_levels=()) for level in self.test_snr_levels}
        noisy = list(noisy_splits(requests, root, cache))
        return replace(problem, artifacts=partial(noisy_accuracies, noisy))

    @property
    def answers(self) -> tuple[str, ...]:
        """The names of the classes."""
        from tasks.speech.utterances import Labels

        return Labels(self.target_words, self.unknown, self.silence).classes

    def example(self, problem: Problem, number: int, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a test clip."""
        batch = batch_of_one(problem.test, number)
        return Example(batch, self._spectrogram(batch.inputs), self.answer(batch.y))

    def own_example(self, problem: Problem, given: OwnInput, root: Path, cache: Path | None = None) -> Example:  # noqa: ARG002
        """Return a user's wav file."""
        import torch

        from tasks.speech.spectra import Spectra
        from tasks.speech.wav import RATE, one_second, read_wav

        samples = read_wav(given.read_bytes(), str(given.file))
        spectra = Spectra(self.features, self.width, self.window_ms, self.stride_ms)
        x = spectra(torch.from_numpy(one_second(samples))[None])[0].clone()
        notes = () if len(samples) == RATE else (f"The clip has {len(samples) / RATE:.2f} s; one second is read.",)
        return Example(Batch(x[:, None], torch.zeros(1)), self._spectrogram(x.numpy()), notes=notes)

    def _spectrogram(self, inputs: NDArray[Any]) -> Spectrogram:
        return Spectrogram(inputs, self.stride_ms / 1000)

    def _check_recordings(self) -> None:
        check_choice("version", self.version, WORDS)
        check_words(self.version, self.words)
        check_flag("unknown", self.unknown)
        check_flag("silence", self.silence)
        if self.classes < 2:
            raise out_of_range("task.words", list(self.words), "enough words for two classes")
        if self.unknown and len(self.target_words) == len(WORDS[self.version]):
            raise UserError("task.unknown needs words that are not target words; list the target words in task.words.")
        check_choice("split", self.split, ("lists", "hash"))
        check_whole("split_seed", self.split_seed, 0)
        if self.content_sha256 is not None and self.is_subset:
            raise UserError(f"task.content_sha256 is for a whole release; {self.version} has its own checksums.")
        if self.content_sha256 is not None and not re.fullmatch("[0-9a-f]{64}", str(self.content_sha256)):
            raise out_of_range("task.content_sha256", self.content_sha256, "a SHA-256 in 64 hex digits, or null")

    def _check_features(self) -> None:
        check_choice("features", self.features, FEATURES)
        check_whole("width", self.width, 1, FEATURES[self.features])
        check_whole("window_ms", self.window_ms, 20, 100)
        check_whole("stride_ms", self.stride_ms, 5, self.window_ms)
        check_whole("time_shift_ms", self.time_shift_ms, 0, 500)
        check_whole("time_mask", self.time_mask, 0, self.steps)
        check_whole("frequency_mask", self.frequency_mask, 0, self.width)

    def _check_noise(self) -> None:
        check_number("background_share", self.background_share, 0, 1)
        check_number("background_volume", self.background_volume, 0, 1)
        check_choice("test_noise", self.test_noise, ("white", "background"))
        check_whole("noise_seed", self.noise_seed, 0)
        if self.test_snr_db is not None:
            check_number("test_snr_db", self.test_snr_db, -50, 100)
        self._check_levels()
        in_test = (self.test_snr_db is not None or self.test_snr_levels) and self.test_noise == "background"
        uses = {"silence": self.silence, "background_share": self.background_share, "test_noise=background": in_test}
        users = [f"task.{name}" for name, used in uses.items() if used]
        if users and self.is_subset:
            raise UserError(
                f"{users[0]} needs recordings of background noise, which {self.version} does not have; "
                f"use task.version=v0.01 or v0.02."
            )

    def _check_levels(self) -> None:
        levels: object = self.test_snr_levels
        if isinstance(levels, str) or not isinstance(levels, Sequence):
            raise out_of_range("task.test_snr_levels", levels, "a list of numbers, for example [20,10,0]")
        for level in levels:
            check_number("test_snr_levels", level, -50, 100)
        if len(set(levels)) < len(levels):
            raise out_of_range("task.test_snr_levels", list(levels), "a list of different numbers")

    def _add_noisy_metrics(self) -> None:
        """Add the metrics of the further signal-to-noise ratios."""
        object.__setattr__(self, "test_snr_levels", tuple(map(float, self.test_snr_levels)))
        if not self.test_snr_levels:
            return
        noisy = noisy_metrics(self.test_snr_levels)
        names = tuple(metric.name for metric in noisy)
        object.__setattr__(self, "metrics", (*self.metrics, *noisy))
        object.__setattr__(self, "final_metrics", names)
        object.__setattr__(self, "table_metrics", (self.metrics[0].name, *names))
