"""Spectral features of sound, by torchaudio. B clips, S samples, T frames, I features."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torchaudio.transforms import MFCC, MelSpectrogram

from tasks.speech.wav import RATE

MFCC_BANDS = 40  # the number of mel bands that MFCCs are computed from
LOWEST_HZ = 20.0
HIGHEST = 0.475  # the highest frequency of the bands as a share of the rate: 7,600 Hz at 16,000 samples a second
FLOOR = 1e-6  # is added to each energy before the logarithm, as torchaudio's MFCC does


@dataclass(frozen=True)
class Spectra:
    """A transform from clips to frames of log-mel energies or MFCCs.

    All frames lie within the clip: T = 1 + (S - window) // stride, with both in samples.

    Attributes:
        kind: "log_mel": the natural logarithm of the power in `width` mel bands (HTK's scale); "mfcc": the first
            `width` coefficients of the orthonormal cosine transform of 40 such bands.
        width: I, the number of features of a frame.
        window_ms: the length of a frame in milliseconds.
        stride_ms: milliseconds from the start of a frame to the start of the next.
        rate: samples a second.
    """

    kind: str
    width: int
    window_ms: int
    stride_ms: int
    rate: int = RATE

    @property
    def steps(self) -> int:
        """T of a clip of one second."""
        return 1 + (1000 - self.window_ms) // self.stride_ms

    @cached_property
    def _transform(self) -> nn.Module:
        settings: dict[str, Any] = {
            "n_fft": self.rate * self.window_ms // 1000,
            "hop_length": self.rate * self.stride_ms // 1000,
            "f_min": LOWEST_HZ,
            "f_max": HIGHEST * self.rate,
            "center": False,
        }
        if self.kind == "mfcc":
            settings["n_mels"] = MFCC_BANDS
            transform: nn.Module = MFCC(self.rate, self.width, log_mels=True, melkwargs=settings)
        else:
            transform = MelSpectrogram(self.rate, **settings, n_mels=self.width)
        return transform

    @torch.inference_mode()
    def __call__(self, waves: Tensor) -> Tensor:
        """Return the features (B, T, I) of clips (B, S)."""
        features: Tensor = self._transform(waves)
        if self.kind == "log_mel":
            features = (features + FLOOR).log()
        return features.transpose(1, 2)

    def silence(self) -> Tensor:
        """Return the features (I,) of a frame of zeros."""
        return self(torch.zeros(1, self.rate))[0, 0]
