import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tasks.speech.spectra import FLOOR, HIGHEST, LOWEST_HZ, Spectra
from tasks.speech.wav import RATE

Array = NDArray[np.float64]


def mel_filters(bins: int, bands: int) -> Array:
    """Triangles between points that are equally far apart on the mel scale of O'Shaughnessy 1987, as HTK has it."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOWEST_HZ, HIGHEST * 16_000))
    points = 700 * (10 ** (np.linspace(low, high, bands + 2) / 2595) - 1)
    hz = np.linspace(0, RATE / 2, bins)[:, None]
    rising = (hz - points[:-2]) / (points[1:-1] - points[:-2])
    falling = (points[2:] - hz) / (points[2:] - points[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


def log_mel(wave: Array, window: int, stride: int, bands: int) -> Array:
    """(T, bands), written down from the definitions: Hann window, power spectrum, filters, natural logarithm."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)
    starts = range(0, len(wave) - window + 1, stride)
    power = np.stack([np.abs(np.fft.rfft(hann * wave[start : start + window])) ** 2 for start in starts])
    return np.asarray(np.log(power @ mel_filters(window // 2 + 1, bands) + FLOOR))


def cosine_transform(values: Array, count: int) -> Array:
    """The first coefficients of the orthonormal DCT-II of (T, bands)."""
    bands = values.shape[1]
    k, n = np.arange(count)[:, None], np.arange(bands)
    basis = np.sqrt(2 / bands) * np.cos(np.pi * k * (2 * n + 1) / (2 * bands))
    basis[0] /= np.sqrt(2)
    return np.asarray(values @ basis.T)


@pytest.fixture(scope="module")
def waves() -> Array:
    rng = np.random.default_rng(0)
    tones = np.sin(2 * np.pi * np.array([[300.0], [2500.0]]) * np.arange(RATE) / RATE)
    return 0.3 * tones + 0.01 * rng.standard_normal((2, RATE))


@pytest.mark.parametrize(("window_ms", "stride_ms", "width"), [(40, 20, 40), (25, 10, 64), (100, 50, 20)])
def test_log_mel_against_the_definitions(waves: Array, window_ms: int, stride_ms: int, width: int) -> None:
    found = Spectra("log_mel", width, window_ms, stride_ms)(torch.tensor(waves, dtype=torch.float32))
    expected = np.stack([log_mel(wave, 16 * window_ms, 16 * stride_ms, width) for wave in waves])
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("width", [10, 13, 40])
def test_mfcc_against_the_definitions(waves: Array, width: int) -> None:
    found = Spectra("mfcc", width, 40, 40)(torch.tensor(waves, dtype=torch.float32))
    expected = np.stack([cosine_transform(log_mel(wave, 640, 640, 40), width) for wave in waves])
    np.testing.assert_allclose(found, expected, atol=5e-3)


@pytest.mark.parametrize(
    ("window_ms", "stride_ms", "steps"), [(40, 20, 49), (40, 40, 25), (25, 10, 98), (100, 100, 10)]
)
def test_frames_lie_within_the_second(window_ms: int, stride_ms: int, steps: int) -> None:
    spectra = Spectra("log_mel", 8, window_ms, stride_ms)
    assert spectra.steps == steps
    assert spectra(torch.zeros(1, RATE)).shape == (1, steps, 8)


@pytest.mark.parametrize("window_ms", [20, 25, 100])
def test_no_band_is_empty_at_the_limits(window_ms: int) -> None:
    noise = torch.randn(1, RATE, generator=torch.Generator().manual_seed(0))
    assert Spectra("log_mel", 64, window_ms, 20)(noise).min() > np.log(FLOOR) + 1  # torchaudio would warn too


@pytest.mark.parametrize("kind", ["log_mel", "mfcc"])
def test_silence(kind: str) -> None:
    spectra = Spectra(kind, 13, 40, 20)
    silence = spectra.silence()
    assert torch.equal(spectra(torch.zeros(3, RATE)), silence.expand(3, 49, 13))
    first = np.log(FLOOR) * (1 if kind == "log_mel" else np.sqrt(40))
    assert silence[0].item() == pytest.approx(first, rel=1e-5)
