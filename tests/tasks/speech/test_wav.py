import numpy as np
import pytest
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.speech.wav import RATE, one_second, read_wav, to_floats
from tests.tasks.speech.small_speech import wav_bytes


def ramp(count: int) -> NDArray[np.int16]:
    return (np.arange(count) % 60_000 - 30_000).astype(np.int16)


@pytest.mark.parametrize("count", [1, 9_000, RATE, 3 * RATE])
def test_samples_are_read_as_they_were_written(count: int) -> None:
    found = read_wav(wav_bytes(ramp(count)), "go/a.wav")
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found, ramp(count))


@pytest.mark.parametrize("keep", [0, 3, 11, 43, 44, 100, -1])
def test_a_truncated_file_is_refused_by_name(keep: int) -> None:
    with pytest.raises(UserError, match=r"^go/a\.wav .*(is truncated|cannot be read as a wav file)"):
        read_wav(wav_bytes(ramp(500))[:keep], "go/a.wav")


@pytest.mark.parametrize("data", [b"\0" * 1000, b"RIFF" + b"\0" * 40, b"no sound", b"fLaC" + b"\xff" * 99])
def test_other_files_are_refused_by_name(data: bytes) -> None:
    with pytest.raises(UserError, match=r"^go/a\.wav \([\d,]+ bytes\) cannot be read as a wav file: "):
        read_wav(data, "go/a.wav")


def test_a_file_without_samples_is_refused() -> None:
    with pytest.raises(UserError, match=r"^go/a\.wav has no samples\.$"):
        read_wav(wav_bytes(ramp(0)), "go/a.wav")


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (wav_bytes(ramp(100), rate=8000), "WAV PCM_16 at 8,000 Hz with 1 channels"),
        (wav_bytes(ramp(100).reshape(50, 2)), "WAV PCM_16 at 16,000 Hz with 2 channels"),
        (wav_bytes(ramp(100), subtype="PCM_24"), "WAV PCM_24 at 16,000 Hz with 1 channels"),
        (wav_bytes(ramp(100), subtype="FLOAT"), "WAV FLOAT at 16,000 Hz with 1 channels"),
        (wav_bytes(ramp(100), kind="FLAC"), "FLAC PCM_16 at 16,000 Hz with 1 channels"),
    ],
)
def test_another_format_is_refused_and_not_converted(data: bytes, found: str) -> None:
    with pytest.raises(UserError) as caught:
        read_wav(data, "go/a.wav")
    assert str(caught.value) == f"go/a.wav is {found}; it must be WAV PCM_16 at 16,000 Hz with one."


def test_a_float_file_with_nan_is_refused() -> None:
    with pytest.raises(UserError, match="FLOAT"):
        read_wav(wav_bytes(np.full(100, np.nan, np.float32), subtype="FLOAT"), "go/a.wav")


def test_floats_are_from_minus_one_to_one() -> None:
    found = to_floats(np.array([-32_768, 0, 16_384, 32_767], np.int16))
    assert found.tolist() == [-1, 0, 0.5, 32_767 / 32_768]


def test_short_clips_are_padded_with_zeros_and_long_ones_are_cut() -> None:
    short, long = one_second(ramp(1000)), one_second(ramp(20_000))
    assert short.shape == long.shape == (RATE,)
    assert short.dtype == np.float32
    np.testing.assert_array_equal(short[:1000], to_floats(ramp(1000)))
    assert not short[1000:].any()
    np.testing.assert_array_equal(long, to_floats(ramp(20_000))[:RATE])
