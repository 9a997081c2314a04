from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gatebench.errors import UserError
from tasks.data.class_folder import ClassFile
from tasks.speech import audio_features
from tasks.speech.audio_features import frames_of, mean_and_scale
from tasks.speech.spectra import Spectra

SPECTRA = Spectra("log_mel", 8, 40, 20, 8000)


def test_the_frames_lie_within_a_sound() -> None:
    assert [frames_of(samples, SPECTRA) for samples in (1, 320, 479, 480, 8000)] == [1, 1, 1, 2, 49]
    assert SPECTRA(torch.zeros(1, 8000)).shape == (1, 49, 8)


def test_sounds_are_cut_and_padded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = []
    rng = np.random.default_rng(0)
    for number, samples in enumerate((100, 800, 9000)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, rng.standard_normal(samples) / 9, 8000, subtype="FLOAT")
        files.append(ClassFile(path, path.name, "a", None))
    monkeypatch.setattr(audio_features, "CHUNK", 2)
    found = audio_features.audio_features(files, SPECTRA, 0.2)
    assert found["features"].shape == (3, 9, 8)
    assert found["lengths"].tolist() == [1, 4, 9]
    wave, _ = soundfile.read(files[2].path, dtype="float32")
    expected = SPECTRA(torch.from_numpy(wave[:1600])[None])[0].numpy()
    assert np.allclose(found["features"][2], expected, atol=1e-5)
    assert len({key.tobytes() for key in found["keys"]}) == 3
    monkeypatch.setattr(audio_features, "MOST_BYTES", 99)
    with pytest.raises(UserError, match=r"The features of 3 sounds of 0\.2 s need 0\.0 GiB of memory"):
        audio_features.audio_features(files, SPECTRA, 0.2)


def test_the_padding_has_no_influence_on_the_mean() -> None:
    features = np.array([[[1.0, 5], [3, 5], [99, 99]], [[5, 5], [99, 99], [99, 99]]], np.float32)
    mean, scale = mean_and_scale(features, np.array([2, 1]))
    assert mean.tolist() == [3, 5]
    assert scale.tolist() == pytest.approx([np.sqrt(8 / 3), 1])
