from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gatebench.errors import UserError
from tasks.speech.noise import PART_RANGES
from tasks.speech.recordings import Recordings, from_folders
from tasks.speech.speakers import PARTS, hashed_part, speaker_of
from tasks.speech.utterances import BackgroundNoise, Labels, is_silence, label_clips, waves_of
from tasks.speech.wav import RATE, one_second, read_wav
from tests.tasks.speech.small_speech import (
    CLIPS,
    NOISES,
    SAMPLES,
    small_clips,
    small_lists,
    small_noise,
    wav_bytes,
    write_files,
)

WORDS = ("bed", "go", "up")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    folder = tmp_path_factory.mktemp("speech")
    clips = small_clips(WORDS)
    write_files(folder, clips | small_lists(clips) | small_noise())
    return from_folders(folder)


def test_classes_are_in_the_official_order() -> None:
    assert Labels(("up", "go"), unknown=True, silence=True).classes == ("_silence_", "_unknown_", "up", "go")
    assert Labels(("up", "go"), unknown=True).classes == ("_unknown_", "up", "go")
    assert Labels(("up", "go")).classes == ("up", "go")


def test_every_clip_of_a_target_word_has_its_class(recordings: Recordings) -> None:
    parts = label_clips(recordings.clips, hashed_part, Labels(("up", "go")), 0)
    assert list(parts) == list(PARTS)
    for part, names in parts.items():
        assert set(names) == {n for n in recordings.clips if hashed_part(n) == part and not n.startswith("bed/")}
        assert all(name.startswith(("up/", "go/")[label]) for name, label in names.items())
        assert len(names) == 2 * CLIPS[part]


def test_no_speaker_is_in_two_parts(recordings: Recordings) -> None:
    parts = label_clips(recordings.clips, hashed_part, Labels(WORDS), 0)
    speakers = [{speaker_of(name) for name in names} for names in parts.values()]
    assert sum(map(len, speakers)) == len(set.union(*speakers))


def test_silence_and_unknown_words_are_a_tenth_as_many_each(recordings: Recordings) -> None:
    parts = label_clips(recordings.clips, hashed_part, Labels(("up", "go"), unknown=True, silence=True), 0)
    for part, names in parts.items():
        counts = Counter(names.values())
        wanted = counts[2] + counts[3]
        assert wanted == 2 * CLIPS[part]
        assert counts[0] == counts[1] == -(-wanted // 10)
        assert {name for name, label in names.items() if label == 0} == {
            f"_silence_/{part}/{i}" for i in range(counts[0])
        }
        assert all(name.startswith("bed/") for name, label in names.items() if label == 1)


def test_the_seed_draws_the_unknown_words_and_the_order(recordings: Recordings) -> None:
    labels = Labels(("up", "go"), unknown=True)
    first, again, other = (label_clips(recordings.clips, hashed_part, labels, seed) for seed in (0, 0, 1))
    assert [list(names.items()) for names in first.values()] == [list(names.items()) for names in again.values()]
    assert set(first["training"]) != set(other["training"])
    wanted = [[n for n in parts["training"] if not n.startswith("bed/")] for parts in (first, other)]
    assert sorted(wanted[0]) == sorted(wanted[1])
    assert wanted[0] != wanted[1] != sorted(wanted[1])


def test_a_part_without_clips_is_refused(recordings: Recordings) -> None:
    with pytest.raises(UserError, match=r"^The recordings of up, go have none for validation\.$"):
        label_clips(recordings.clips, lambda name: "training", Labels(("up", "go")), 0)


def test_waves_are_the_clips_with_their_recorded_lengths(recordings: Recordings) -> None:
    parts = label_clips(recordings.clips, hashed_part, Labels(("up", "go")), 0)
    contents = dict(recordings.read(recordings.clips))
    seen = []
    for part, name, wave, length in waves_of(recordings, parts, BackgroundNoise(recordings, 0)):
        assert name in parts[part]
        assert length == SAMPLES
        np.testing.assert_array_equal(wave, one_second(read_wav(contents[name], name)))
        seen.append(name)
    assert sorted(seen) == sorted(name for names in parts.values() for name in names)


def test_silences_are_noise_of_their_part_and_depend_on_the_seed(recordings: Recordings) -> None:
    parts = {part: {f"_silence_/{part}/{i}": 0 for i in range(5)} for part in PARTS}

    def silences(seed: int) -> dict[str, tuple[str, np.ndarray]]:
        found = waves_of(recordings, parts, BackgroundNoise(recordings, seed))
        return {name: (part, wave) for part, name, wave, length in found if length == RATE and is_silence(name)}

    ours, again, other = silences(0), silences(0), silences(1)
    assert len(ours) == 15
    for name, (part, wave) in ours.items():
        np.testing.assert_array_equal(wave, again[name][1])
        assert not np.array_equal(wave, other[name][1])
        assert 0 < np.abs(wave).max() < 1
        assert any(part_of_noise(recordings, noise, wave) == part for noise in NOISES)
    loudness = [float(wave.std()) for _, wave in ours.values()]
    assert max(loudness) > 2 * min(loudness)


def part_of_noise(recordings: Recordings, noise: str, wave: np.ndarray) -> str | None:
    """The part that uses this section of a recording, at any volume; None if the section is not in the recording."""
    content = recordings.noise[f"_background_noise_/{noise}.wav"]
    recording = read_wav(content, noise).astype(float)
    size = len(recording) + len(wave)
    overlap = np.fft.irfft(np.fft.rfft(recording, size) * np.fft.rfft(wave, size).conj(), size)
    start = int(overlap.argmax())
    section = recording[start : start + len(wave)]
    if len(section) < len(wave) or np.corrcoef(section, wave)[0, 1] < 0.999:
        return None
    return next(p for p, (begin, end) in PART_RANGES.items() if begin <= start / len(recording) < end)


def test_mixed_noise_has_a_volume_up_to_the_loudest(recordings: Recordings) -> None:
    background, quiet = BackgroundNoise(recordings, 0), np.zeros(RATE, np.float32)
    section = background.section("training", "a")
    volumes = [
        float(np.linalg.norm(background.mix("training", key, quiet, 0.1)))
        / float(np.linalg.norm(background.section("training", key)))
        for key in map(str, range(40))
    ]
    assert 0 < min(volumes) < 0.02
    assert 0.08 < max(volumes) <= 0.1
    loud = np.sign(section)
    assert np.abs(background.mix("training", "a", loud, 1.0)).max() == 1


def test_silence_without_recordings_of_noise_is_refused(recordings: Recordings) -> None:
    bare = Recordings(recordings.clips, {}, recordings.read)
    with pytest.raises(UserError, match="recordings of background noise must exist"):
        list(waves_of(bare, {"training": {"_silence_/training/0": 0}}, BackgroundNoise(bare, 0)))


def test_a_recording_that_cannot_be_used_is_named(tmp_path: Path, recordings: Recordings) -> None:
    stereo = wav_bytes(np.zeros((100, 2), np.int16))
    write_files(tmp_path, {"go/a_nohash_0.wav": stereo})
    with pytest.raises(UserError, match=r"^go/a_nohash_0\.wav is .* 2 channels"):
        list(waves_of(from_folders(tmp_path), {"training": {"go/a_nohash_0.wav": 0}}, BackgroundNoise(recordings, 0)))
