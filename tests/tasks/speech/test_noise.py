from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.speech.noise import PART_RANGES, NoiseSections, Waves, add_noise, white_noise

SAMPLES = 1600


def decibels(signal: NDArray[np.floating], noise: NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.square(signal, dtype=float).mean() / np.square(noise, dtype=float).mean()))


def clips(count: int, lengths: NDArray[np.int64]) -> Waves:
    rng = np.random.default_rng(0)
    waves = rng.uniform(-1, 1, (count, SAMPLES)) * 10.0 ** -rng.integers(0, 4, (count, 1))
    return np.where(np.arange(SAMPLES) < lengths[:, None], waves, 0).astype(np.float32)


@settings(deadline=None, max_examples=50)
@given(st.floats(-30, 60), st.integers(0, 1000))
def test_the_measured_ratio_is_the_one_asked_for(snr_db: float, seed: int) -> None:
    lengths = np.array([SAMPLES, 700, 1])
    waves = clips(3, lengths)
    noise = np.stack([white_noise(SAMPLES, f"{seed}/{i}") for i in range(3)])
    noisy = add_noise(waves, lengths, noise, snr_db)
    assert noisy.dtype == np.float32
    for before, after, length in zip(waves, noisy, lengths, strict=True):
        assert decibels(before[:length], after.astype(float) - before) == pytest.approx(snr_db, abs=0.1)


def test_noise_is_also_added_after_a_short_clip() -> None:
    waves = clips(1, np.array([500]))
    noisy = add_noise(waves, np.array([500]), white_noise(SAMPLES, "a")[None], 10)
    assert np.abs(noisy[0, 500:]).min() >= 0
    assert noisy[0, 500:].std() == pytest.approx((noisy - waves)[0, :500].std(), rel=0.15)


def test_a_silent_clip_stays_silent() -> None:
    silent = np.zeros((1, SAMPLES), np.float32)
    assert not add_noise(silent, np.array([SAMPLES]), white_noise(SAMPLES, "a")[None], 0).any()


def test_white_noise_depends_on_its_key_only() -> None:
    first = white_noise(SAMPLES, "a")
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, white_noise(SAMPLES, "a"))
    assert abs(np.corrcoef(first, white_noise(SAMPLES, "b"))[0, 1]) < 0.1


def test_white_noise_is_white_and_has_variance_one() -> None:
    noise = white_noise(160_000, "a")
    assert np.square(noise).mean() == pytest.approx(1, abs=0.02)
    assert abs(noise.mean()) < 0.01
    power = np.square(np.abs(np.fft.rfft(noise)))[1:].reshape(8, -1).mean(1)
    assert power.max() / power.min() < 1.1


RECORDINGS = [
    np.arange(100_000, dtype=np.float32) + 1,
    -np.arange(50_000, dtype=np.float32) - 1,
]  # position + 1


@pytest.mark.parametrize("part", PART_RANGES)
def test_sections_come_from_the_range_of_the_part(part: str) -> None:
    begin, end = PART_RANGES[part]
    background, found = NoiseSections(RECORDINGS, part, SAMPLES), set()
    for key in map(str, range(300)):
        section = background.section(key)
        recording = RECORDINGS[0] if section[0] > 0 else RECORDINGS[1]
        found.add(section[0] > 0)
        start = int(abs(section[0])) - 1
        np.testing.assert_array_equal(section, recording[start : start + SAMPLES])
        assert begin * len(recording) <= start <= end * len(recording) - SAMPLES
    assert len(found) == 2


def test_the_ranges_of_the_parts_are_disjoint_and_cover_a_recording() -> None:
    ends = sorted(PART_RANGES.values())
    assert ends[0][0] == 0
    assert ends[-1][1] == 1
    assert all(end == begin for (_, end), (begin, _) in pairwise(ends))


def test_sections_depend_on_their_key() -> None:
    background = NoiseSections(RECORDINGS, "training", SAMPLES)
    np.testing.assert_array_equal(background.section("a"), background.section("a"))
    assert background.section("a")[0] != background.section("b")[0]


def test_a_range_as_long_as_a_section_is_enough() -> None:
    section = NoiseSections([np.ones(SAMPLES * 10, np.float32)], "testing", SAMPLES).section("a")
    assert len(section) == SAMPLES


@pytest.mark.parametrize("recordings", [[], [np.ones(SAMPLES * 10 - 10, np.float32)], [*RECORDINGS, np.ones(5)]])
def test_too_little_noise_is_refused(recordings: list[Waves]) -> None:
    with pytest.raises(
        UserError, match=r"^The recordings of background noise must exist .* 16,000 samples each: .*\.$"
    ):
        NoiseSections(recordings, "testing", SAMPLES)


def test_silent_sections_are_drawn_anew() -> None:
    partly_silent = np.zeros(100_000, np.float32)
    with pytest.raises(UserError, match=r"^The recordings of background noise contain only silence\.$"):
        NoiseSections([partly_silent], "training", SAMPLES).section("a")
    partly_silent[:40_000] = 1
    background = NoiseSections([partly_silent], "training", SAMPLES)
    assert all(background.section(str(i)).any() for i in range(50))
