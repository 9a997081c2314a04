"""Features of a second of sound, by torchaudio: log-mel energies or MFCCs. B clips, S samples, T frames, I features."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torchaudio.transforms import MFCC, MelSpectrogram

from tasks.speech.wav import RATE

BANDS = 40  # mel bands that MFCCs are made of
LOWEST_HZ, HIGHEST_HZ = 20.0, 7600.0
FLOOR = 1e-6  # is added to each energy before the logarithm: what torchaudio's MFCC adds


@dataclass(frozen=True)
class Spectra:
    """Frames of `window_ms` every `stride_ms`, none of them over an end: T = 1 + (S - window) // stride.

    kind: "log_mel", the natural logarithm of the power in `width` mel bands (HTK's scale), or "mfcc", the first `width`
    coefficients of the orthonormal cosine transform of 40 such bands.
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
        window = RATE * self.window_ms // 1000
        settings: dict[str, Any] = {
            "n_fft": window,
            "hop_length": RATE * self.stride_ms // 1000,
            "f_min": LOWEST_HZ,
            "f_max": HIGHEST_HZ,
            "center": False,
        }
        if self.kind == "mfcc":
            transform: nn.Module = MFCC(RATE, self.width, log_mels=True, melkwargs={**settings, "n_mels": BANDS})
        else:
            transform = MelSpectrogram(RATE, **settings, n_mels=self.width)
        return transform

    @torch.inference_mode()
    def __call__(self, waves: Tensor) -> Tensor:
        """Return the features (B, T, I) of clips (B, S)."""
        found: Tensor = self._transform(waves)
        return (found if self.kind == "mfcc" else (found + FLOOR).log()).transpose(1, 2)

    def of_silence(self) -> Tensor:
        """Return the features (I,) of a frame of zeros."""
        return self(torch.zeros(1, RATE))[0, 0]
