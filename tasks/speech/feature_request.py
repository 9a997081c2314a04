"""The fields of `SpeechCommands` that its features depend on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class FeatureRequest(Protocol):
    """The choice of recordings, parts, classes, features and noise.

    `SpeechCommands` has these fields. The modules that compute features depend on this protocol and not on the task.
    """

    @property
    def version(self) -> str:
        """The release."""

    @property
    def read_words(self) -> tuple[str, ...]:
        """The words whose recordings are read."""

    @property
    def target_words(self) -> tuple[str, ...]:
        """The words that are classes of their own."""

    @property
    def unknown(self) -> bool:
        """Whether there is a class for other words."""

    @property
    def silence(self) -> bool:
        """Whether there is a class for background noise."""

    @property
    def is_subset(self) -> bool:
        """Whether the release is a subset with a split of its own."""

    @property
    def split(self) -> str:
        """The official split: "lists" or "hash"."""

    @property
    def split_seed(self) -> int:
        """The seed that selects the unknown words, and the validation speakers of the subset."""

    @property
    def content_sha256(self) -> str | None:
        """The checksum of an unpacked release, or None."""

    @property
    def features(self) -> str:
        """The kind of features: "log_mel" or "mfcc"."""

    @property
    def width(self) -> int:
        """I, the number of features of a frame."""

    @property
    def window_ms(self) -> int:
        """The length of a frame in milliseconds."""

    @property
    def stride_ms(self) -> int:
        """Milliseconds from the start of a frame to the start of the next."""

    @property
    def background_share(self) -> float:
        """The share of training clips with background noise."""

    @property
    def background_volume(self) -> float:
        """The largest volume of this noise."""

    @property
    def test_noise(self) -> str:
        """The kind of noise in the test part: "white" or "background"."""

    @property
    def test_snr_db(self) -> float | None:
        """The signal-to-noise ratio of the test part in decibels, or None for clean clips."""

    @property
    def noise_seed(self) -> int:
        """The seed of all noise."""

    def parameters(self) -> dict[str, Any]:
        """Return all fields of the task by name."""

    def checksums(self) -> Mapping[str, str]:
        """Return the SHA-256 of each file that is read."""
