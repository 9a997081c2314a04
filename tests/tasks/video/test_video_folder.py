import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gatebench.errors import UserError
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from gatebench.views import Picture
from tasks.data.files import MissingFile
from tasks.video.video_folder import VideoFolder
from tests.tasks.answers import everything


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of ten clips with two to four frames of 4 x 3 pixels."""
    rng = np.random.default_rng(0)
    for label in ("run", "walk"):
        for number in range(10):
            clip = tmp_path / "videos" / label / f"{'abcde'[number // 2]}_{number}"
            clip.mkdir(parents=True)
            for frame in range(2 + number % 3):
                Image.fromarray(rng.integers(0, 255, (3, 4, 3), np.uint8)).save(clip / f"{frame}.png")
    return tmp_path / "videos"


def test_the_frames_are_the_steps(folder: Path) -> None:
    task = VideoFolder(str(folder), frames=3, filters=2)
    problem = task.load(Path())
    assert [len(split) for split in (problem.train, problem.val, problem.test)] == [14, 2, 4]
    batch = everything(problem.test)
    assert batch.lengths is not None
    assert batch.x.shape == (batch.lengths.max(), 4, 3 * 4 * 3)
    assert problem.steps == 3
    stored = {
        tuple(np.asarray(Image.open(path), np.float32).ravel() / np.float32(255)) for path in folder.rglob("*.png")
    }
    for number, length in enumerate(batch.lengths.tolist()):
        for frame in batch.x[:length, number]:
            assert tuple(frame.numpy()) in stored
    assert problem.baselines().keys() == {"majority", "single frame", "frame difference"}
    example = task.example(problem, 1, Path())
    assert isinstance(example.view, Picture)
    assert example.view.pixels.shape == (3, 4 * int(batch.lengths[1]), 3)


def test_a_trial_trains(folder: Path, tmp_path: Path) -> None:
    config = {"_target_": "tasks.video.video_folder.VideoFolder", "path": str(folder), "side": 8, "greyscale": True}
    trial = Trial({"name": "lstm", "base": "lstm"}, config, Model(4), Training(max_epochs=1, batch_size=7))
    outcome = run_trial(trial, home=tmp_path, data_root=None, emit=lambda epoch: None)
    assert outcome.status == "finished"


def test_no_group_and_no_copy_is_in_two_parts(folder: Path) -> None:
    problem = VideoFolder(str(folder), group="^[a-z]").load(Path())
    assert sorted(len(split) for split in (problem.train, problem.val, problem.test)) == [4, 4, 12]
    for number in range(10):
        shutil.copytree(folder / "run" / "a_0", folder / "run" / f"copy{number}")
    problem = VideoFolder(str(folder)).load(Path())
    counts = []
    for split in (problem.train, problem.val, problem.test):
        batch = everything(split)
        assert batch.lengths is not None
        clips = zip(batch.x.unbind(1), batch.lengths.tolist(), strict=True)
        counts.append(len({clip[:length].numpy().tobytes() for clip, length in clips}))
    assert sum(counts) == 20


def test_the_cache_follows_the_files_and_the_place_does_not_count(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first = everything(VideoFolder(str(folder)).load(Path(), cache).test).x
    assert torch.equal(everything(VideoFolder(str(folder)).load(Path(), cache).test).x, first)
    fewer = everything(VideoFolder(str(folder), frames=2).load(Path(), cache).test)
    assert len(fewer.x) == 2
    shutil.copytree(folder, tmp_path / "other" / "videos")
    one, other = VideoFolder(str(folder)), VideoFolder(f"{tmp_path}/other/videos/")
    assert one.checksums() == other.checksums()
    assert one.parameters() == other.parameters()


def test_faulty_clips_are_one_sentence(folder: Path) -> None:
    Image.fromarray(np.zeros((5, 4), np.uint8)).save(folder / "run" / "a_0" / "9.png")
    with pytest.raises(UserError, match=r"has 4 x 3 pixels, and .*9\.png has 4 x 5; with task\.side=28"):
        VideoFolder(str(folder)).load(Path())
    shutil.copy(folder / "run" / "a_0" / "9.png", folder / "run" / "loose.png")
    with pytest.raises(UserError, match=r"loose\.png is in no clip folder; move it into a folder with the name of its"):
        VideoFolder(str(folder)).load(Path())
    (folder / "run" / "loose.png").unlink()
    (folder / "run" / "empty").mkdir()
    with pytest.raises(UserError, match=r"The clip folder .*empty has no file\."):
        VideoFolder(str(folder)).load(Path())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"frames": 1}, "task.frames is 1; it must be a whole number from 2 to 10000"),
        ({"side": 0}, "task.side is 0; it must be a whole number from 1 to 1024"),
        ({"greyscale": 1}, "task.greyscale is 1; it must be true or false"),
        ({"filters": 0}, "task.filters is 0"),
        ({"group": "("}, r"task.group is '\('; it must be a regular expression"),
    ],
)
def test_wrong_parameters_are_refused(fields: Mapping[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        VideoFolder(**fields)  # type: ignore[arg-type]


def test_missing_data_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task.path is null; it must name a folder with a folder of files"):
        VideoFolder().checksums()
    with pytest.raises(MissingFile, match=r"There is no folder nowhere, which task.path names"):
        VideoFolder("nowhere").check_files(tmp_path)
