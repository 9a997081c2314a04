"""Spectral features of a second of sound, by torchaudio. B clips, S samples, T frames, I features."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torchaudio.transforms import MFCC, MelSpectrogram

from tasks.speech.wav import RATE

MFCC_BANDS = 40  # the number of mel bands that MFCCs are computed from
LOWEST_HZ, HIGHEST_HZ = 20.0, 7600.0
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
    """

    kind: str
    width: int
    window_ms: int
    stride_ms: int

    @property
    def steps(self) -> int:
        """T of a clip of one second."""
        return 1 + (1000 - self.window_ms) // self.stride_ms

    @cached_property
    def _transform(self) -> nn.Module:
        settings: dict[str, Any] = {
            "n_fft": RATE * self.window_ms // 1000,
            "hop_length": RATE * self.stride_ms // 1000,
            "f_min": LOWEST_HZ,
            "f_max": HIGHEST_HZ,
            "center": False,
        }
        if self.kind == "mfcc":
            transform: nn.Module = MFCC(RATE, self.width, log_mels=True, melkwargs={**settings, "n_mels": MFCC_BANDS})
        else:
            transform = MelSpectrogram(RATE, **settings, n_mels=self.width)
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
        return self(torch.zeros(1, RATE))[0, 0]
