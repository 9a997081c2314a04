from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gatebench.errors import UserError
from tasks.speech.spectra import Spectra
from tasks.speech.speech_commands import SpeechCommands
from tasks.speech.speech_features import NOISY_VERSIONS, FeatureSet, features_of
from tasks.speech.utterances import is_silence
from tasks.speech.wav import RATE, one_second, read_wav
from tests.tasks.speech.small_speech import Files, write_small_release, write_small_subset

FEW = {"training": 20, "validation": 6}
SUBSET: dict[str, object] = {"version": "v0.01_subset", "words": ("go", "up")}
TWELVE: dict[str, object] = {
    "version": "v0.01",
    "words": ("go", "up"),
    "unknown": True,
    "silence": True,
    "features": "mfcc",
    "width": 10,
}


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return write_small_subset(tmp_path, monkeypatch, ("go", "up"), FEW)


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return write_small_release(tmp_path, monkeypatch, ("go", "up", "bed"), FEW | {"testing": 6})


def task(fields: dict[str, object], **others: object) -> SpeechCommands:
    return SpeechCommands(**fields | others)  # type: ignore[arg-type]


def entries_in(cache: Path) -> int:
    """The number of cache entries."""
    return len(list(cache.glob("speech_commands-*.arrays")))


def decibels(signal: NDArray[np.float32], noise: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.square(signal, dtype=float).mean() / np.square(noise, dtype=float).mean()))


def test_features_are_computed_from_the_clips(tmp_path: Path, clips: Files) -> None:
    arrays, feature_set = features_of(task(SUBSET), tmp_path, None), FeatureSet(task(SUBSET), tmp_path)
    for part, names in feature_set.parts.items():
        waves = torch.from_numpy(np.stack([one_second(read_wav(clips[name], name)) for name in names]))
        np.testing.assert_allclose(arrays[part], Spectra("log_mel", 40, 40, 20)(waves), atol=1e-5)
        assert arrays[part].dtype == np.float32
        assert arrays[f"{part}_labels"].tolist() == list(names.values())


def test_mean_and_scale_are_of_the_clean_training_part(tmp_path: Path, release: Files) -> None:
    arrays = features_of(task(TWELVE), tmp_path, None)
    noisy = features_of(task(TWELVE, background_share=0.5, test_snr_db=0), tmp_path, None)
    np.testing.assert_allclose(arrays["mean"], arrays["training"].mean((0, 1)), rtol=1e-4)
    np.testing.assert_allclose(arrays["scale"], arrays["training"].std((0, 1)), rtol=1e-4)
    for name in ("mean", "scale", "silence"):
        np.testing.assert_array_equal(arrays[name], noisy[name])


def test_the_cache_replaces_the_recordings(tmp_path: Path, clips: Files) -> None:
    cache = tmp_path / "cache"
    first = features_of(task(SUBSET, test_snr_db=10), tmp_path, cache)
    assert entries_in(cache) == 2
    again = features_of(task(SUBSET, test_snr_db=10), tmp_path / "nowhere", cache)
    assert set(first) == set(again)
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])


@pytest.mark.parametrize(
    ("changed", "entries"),
    [
        ({}, 0),
        ({"time_shift_ms": 100, "time_mask": 3, "frequency_mask": 3}, 0),  # they are drawn in every epoch
        (
            {"test_noise": "background", "noise_seed": 1, "background_volume": 0.5},
            0,
        ),  # no effect without noise
        ({"test_snr_db": 10.0}, 1),
        ({"split_seed": 1}, 1),
        ({"words": ("up", "go")}, 1),
        ({"features": "mfcc"}, 1),
        ({"width": 39}, 1),
        ({"window_ms": 41}, 1),
        ({"stride_ms": 19}, 1),
    ],
)
def test_an_entry_depends_on_the_fields_that_its_features_depend_on(
    tmp_path: Path, clips: Files, changed: dict[str, object], entries: int
) -> None:
    cache = tmp_path / "cache"
    features_of(task(SUBSET), tmp_path, cache)
    features_of(task(SUBSET, **changed), tmp_path, cache)
    assert entries_in(cache) == 1 + entries


def test_each_kind_of_noise_has_an_entry(tmp_path: Path, release: Files) -> None:
    cache = tmp_path / "cache"
    changes: list[dict[str, object]] = [
        {"test_snr_db": 10.0},
        {"test_snr_db": 20.0},
        {"test_snr_db": 10.0, "test_noise": "background"},
        {"background_share": 0.5},
        {"background_share": 0.5, "background_volume": 0.2},
    ]
    for count, changed in enumerate(changes, start=2):
        features_of(task(TWELVE, **changed), tmp_path, cache)
        assert entries_in(cache) == count
    features_of(task(TWELVE, background_share=0.9), tmp_path, cache)
    assert entries_in(cache) == count
    features_of(task(TWELVE, noise_seed=1), tmp_path, cache)  # silences are drawn from noise
    assert entries_in(cache) == count + 1


@pytest.mark.parametrize("noise", ["white", "background"])
def test_test_noise_changes_the_test_part_only(tmp_path: Path, release: Files, noise: str) -> None:
    clean = features_of(task(TWELVE), tmp_path, None)
    noisy, again, other = (
        features_of(task(TWELVE, test_noise=noise, test_snr_db=5, noise_seed=seed), tmp_path, None)
        for seed in (0, 0, 1)
    )
    for name in clean.keys() - {"testing"}:
        np.testing.assert_array_equal(clean[name], noisy[name])
    assert (np.abs(clean["testing"] - noisy["testing"]).max((1, 2)) > 0).all()
    np.testing.assert_array_equal(noisy["testing"], again["testing"])
    assert not np.array_equal(noisy["testing"], other["testing"])


@pytest.mark.parametrize("noise", ["white", "background"])
@pytest.mark.parametrize("snr_db", [-10, 0, 7.5, 40])
def test_the_measured_ratio_is_the_one_asked_for(tmp_path: Path, release: Files, noise: str, snr_db: float) -> None:
    feature_set = FeatureSet(task(TWELVE, test_noise=noise, test_snr_db=snr_db), tmp_path)
    for name in list(feature_set.parts["testing"])[:8]:
        if not is_silence(name):
            samples = read_wav(release[name], name)
            wave = one_second(samples)
            (noisy,) = feature_set.with_test_noise(name, wave, len(samples))
            assert decibels(wave[: len(samples)], noisy - wave) == pytest.approx(snr_db, abs=0.1)


def test_versions_with_background_noise(tmp_path: Path, release: Files) -> None:
    clean, mixed = (features_of(task(TWELVE, background_share=share), tmp_path, None) for share in (0, 0.8))
    width = 10
    assert mixed["training"].shape[2] == (1 + NOISY_VERSIONS) * width
    np.testing.assert_array_equal(mixed["training"][..., :width], clean["training"])
    versions = mixed["training"].reshape(*clean["training"].shape[:2], 1 + NOISY_VERSIONS, width)
    for v in range(NOISY_VERSIONS):
        assert (np.abs(versions[:, :, v] - versions[:, :, v + 1]).max((1, 2)) > 0).all()
    for part in ("validation", "testing"):
        np.testing.assert_array_equal(mixed[part], clean[part])


def test_the_subset_holds_out_speakers_and_tests_on_official_validation(tmp_path: Path, clips: Files) -> None:
    feature_set = FeatureSet(task(SUBSET), tmp_path)
    lists = feature_set.recordings.lists()
    assert set(feature_set.parts["testing"]) == lists["validation"]
    speakers = {part: {name.split("/")[1][:8] for name in names} for part, names in feature_set.parts.items()}
    assert not speakers["training"] & speakers["validation"]
    assert speakers["validation"]


@pytest.mark.parametrize("fields", [SUBSET, TWELVE])
def test_the_lists_and_the_hash_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fields: dict[str, object]
) -> None:
    if fields is SUBSET:
        write_small_subset(tmp_path, monkeypatch, ("go", "up"), FEW)
    else:
        write_small_release(tmp_path, monkeypatch, ("go", "up", "bed"), FEW | {"testing": 6})
    by_list, by_hash = (FeatureSet(task(fields, split=split), tmp_path).parts for split in ("lists", "hash"))
    assert by_list == by_hash


def test_a_damaged_file_leaves_no_entry(tmp_path: Path, clips: Files) -> None:
    path = tmp_path / "speech_commands_v0.01_subset" / "go.tar.xz"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(UserError, match="is not the published file"):
        features_of(task(SUBSET), tmp_path, tmp_path / "cache")
    assert not entries_in(tmp_path / "cache")


def test_a_second_of_zeros_has_the_features_of_silence(tmp_path: Path, clips: Files) -> None:
    arrays = features_of(task(SUBSET), tmp_path, None)
    assert RATE == 16_000
    np.testing.assert_array_equal(arrays["training"][0, -1], arrays["silence"])  # the clip is a quarter of a second
