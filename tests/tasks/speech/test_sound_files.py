import io

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.speech.sound_files import read_sound


def encoded(wave: NDArray[np.float64], rate: int = 8000, kind: str = "WAV", **settings: str) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, wave, rate, format=kind, **settings)
    return out.getvalue()


def tone(rate: int, seconds: float = 0.5) -> NDArray[np.float64]:
    return 0.5 * np.sin(2 * np.pi * 200 * np.arange(round(rate * seconds)) / rate)


@pytest.mark.parametrize("rate", [8000, 11_025, 44_101, 48_000])
def test_other_rates_are_resampled(rate: int) -> None:
    found = read_sound(encoded(tone(rate), rate), "a.wav", 8000, 0.4)
    assert found.dtype == np.float32
    assert len(found) == 3200
    assert np.abs(found - tone(8000)[:3200])[100:-100].max() < 0.01


@pytest.mark.parametrize("kind", ["FLAC", "OGG"])
def test_other_formats(kind: str) -> None:
    assert np.abs(read_sound(encoded(tone(8000), kind=kind), "a", 8000, 1) - tone(8000)).max() < 0.05


def test_channels_are_averaged() -> None:
    both = np.stack([tone(8000), -tone(8000)], 1)
    assert np.abs(read_sound(encoded(both), "a", 8000, 1)).max() < 1e-4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"no sound", r"a\.wav \(8 bytes\) cannot be read as a sound: Format not recognised\."),
        (encoded(tone(8000))[:-9], r"a\.wav is truncated: its header announces 8,044 bytes, and it has 8,035\."),
        (encoded(tone(8000, 0)), r"a\.wav has no samples\."),
        (encoded(np.array([0, np.nan]), subtype="FLOAT"), r"a\.wav has a sample that is not a finite number\."),
        (encoded(tone(8000), 999_999), r"a\.wav has 999,999 samples a second; 1,000 to 384,000 are allowed\."),
    ],
    ids=["no sound", "truncated", "empty", "not finite", "rate"],  # the content of a file depends on the time
)
def test_other_files_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        read_sound(data, "a.wav", 8000, 1)
