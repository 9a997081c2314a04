from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from tasks.speech.audio_folder import AudioFolder
from tests.tasks.answers import everything


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of ten sounds; sound n has n + 1 frames, and the speaker is the part of the name before "_"."""
    rng = np.random.default_rng(0)
    for label in ("no", "yes"):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for number in range(10):
            path = tmp_path / "sounds" / label / f"speaker{number // 2}_{number}.wav"
            soundfile.write(path, rng.standard_normal(320 + 160 * number) / 9, 8000)
    return tmp_path / "sounds"


def task_of(folder: Path, **fields: object) -> AudioFolder:
    return AudioFolder(path=str(folder), **{"rate": 8000, "width": 8} | fields)  # type: ignore[arg-type]


def test_sounds_keep_their_lengths(folder: Path) -> None:
    problem = task_of(folder).load(Path())
    parts = (problem.train, problem.val, problem.test)
    lengths = torch.cat([split.lengths for split in parts if split.lengths is not None])
    assert sorted(lengths.tolist()) == sorted([*range(1, 11)] * 2)
    assert problem.steps == 10
    problem.encoder.eval()
    batch = everything(problem.train)
    assert batch.lengths is not None
    valid = torch.arange(len(batch.x))[:, None] < batch.lengths
    encoded = problem.encoder(batch.x)[valid]
    assert encoded.mean(0).abs().max() < 1e-4
    assert encoded.std(0, correction=0).tolist() == pytest.approx([1] * 8, abs=1e-4)
    assert problem.baselines().keys() == {"majority", "linear"}


def test_sounds_of_one_length_have_no_lengths(folder: Path) -> None:
    assert task_of(folder, seconds=0.1, window_ms=100, stride_ms=100).load(Path()).train.lengths is None


def test_no_speaker_is_in_two_parts(folder: Path, tmp_path: Path) -> None:
    task = task_of(folder, group="^[^_]+", test=0.4)
    problem = task.load(Path(), tmp_path / "cache")
    speakers = [
        {(length - 1) // 2 for length in split.lengths.tolist()}  # type: ignore[union-attr]
        for split in (problem.train, problem.val, problem.test)
    ]
    assert sum(map(len, speakers)) == 5
    again = task.load(Path(), tmp_path / "cache")
    assert torch.equal(everything(again.test).x, everything(problem.test).x)


def test_a_sound_of_the_user(folder: Path, tmp_path: Path) -> None:
    task = task_of(folder)
    problem = task.load(Path())
    soundfile.write(tmp_path / "short.wav", np.full(100, 0.1), 16_000)
    example = task.own_example(problem, OwnInput(file=tmp_path / "short.wav"), Path())
    assert example.batch.x.shape == (1, 1, 8)
    assert example.notes == ("0.01 s are read.",)
    soundfile.write(tmp_path / "long.wav", np.full(8000, 0.1), 8000)
    with pytest.raises(UserError, match=r"long\.wav has 49 frames; the sounds of the task have at most 10\."):
        task.own_example(problem, OwnInput(file=tmp_path / "long.wav"), Path())


def test_a_faulty_sound_is_named(folder: Path) -> None:
    (folder / "no" / "x_0.wav").write_bytes(b"x")
    with pytest.raises(UserError, match=r"no/x_0\.wav \(1 bytes\) cannot be read as a sound"):
        task_of(folder).load(Path())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rate": 100}, "task.rate is 100; it must be a whole number from 8000 to 48000"),
        ({"seconds": 0}, "task.seconds is 0; it must be a number from 0.1 to 600"),
        ({"features": "raw"}, "There is no task.features 'raw'"),
        ({"features": "mfcc", "width": 41}, "task.width is 41; it must be a whole number from 1 to 40"),
        ({"window_ms": 10}, "task.window_ms is 10; it must be a whole number from 20 to 100"),
        ({"stride_ms": 50}, "task.stride_ms is 50; it must be a whole number from 5 to 40"),
    ],
)
def test_wrong_parameters_are_refused(fields: Mapping[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        AudioFolder(**fields)  # type: ignore[arg-type]
