import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.views import Picture
from tasks.data.files import MissingFile
from tasks.images.image_folder import ImageFolder
from tests.tasks.answers import everything


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of ten images with 4 x 3 pixels; the person is the first letter of the name."""
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(0, 255, (3, 4, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{'abcde'[number // 2]}_{number}.png")
    return tmp_path / "photos"


def test_rows_and_pixels_are_read_from_the_top_left(folder: Path) -> None:
    rows, pixels = (ImageFolder(path=str(folder), order=order).load(Path()) for order in ("row", "pixel"))
    assert (rows.steps, rows.input_size) == (3, 12)
    assert (pixels.steps, pixels.input_size) == (12, 3)
    assert [len(split) for split in (rows.train, rows.val, rows.test)] == [14, 2, 4]
    one, other = (everything(problem.test).x.transpose(0, 1).reshape(4, 3, 4, 3) for problem in (rows, pixels))
    assert torch.equal(one, other)
    task = ImageFolder(str(folder))
    example = task.example(rows, 0, Path())
    assert isinstance(example.view, Picture)
    assert np.array_equal(example.view.pixels, one[0].numpy())
    stored = [np.asarray(Image.open(path), np.float32) / np.float32(255) for path in sorted(folder.rglob("*.png"))]
    assert any(np.array_equal(image, one[0].numpy()) for image in stored)
    assert rows.baselines().keys() == {"majority", "logistic regression"}


def test_no_group_and_no_copy_is_in_two_parts(folder: Path) -> None:
    problem = ImageFolder(str(folder), group="^[a-z]").load(Path())
    assert sorted(len(split) for split in (problem.train, problem.val, problem.test)) == [4, 4, 12]
    first = next(folder.rglob("*.png"))
    for number in range(10):
        shutil.copy(first, first.with_name(f"copy{number}.png"))
    problem = ImageFolder(str(folder)).load(Path())
    copies = [int((everything(split).y >= 0).sum()) for split in (problem.train, problem.val, problem.test)]
    assert sum(copies) == 30
    counts = [
        len({image.numpy().tobytes() for image in everything(split).x.unbind(1)})
        for split in (problem.train, problem.val, problem.test)
    ]
    assert sum(counts) == 20


def test_the_parts_of_the_user_are_taken(folder: Path) -> None:
    for part in ("train", "test"):
        shutil.copytree(folder, folder.parent / "parts" / part)
    problem = ImageFolder(str(folder.parent / "parts")).load(Path())
    assert [len(split) for split in (problem.train, problem.val, problem.test)] == [18, 2, 20]


def test_the_cache_follows_the_files(folder: Path, tmp_path: Path) -> None:
    task = ImageFolder(str(folder), greyscale=True)
    first = everything(task.load(Path(), tmp_path / "cache").train).x
    assert torch.equal(everything(task.load(Path(), tmp_path / "cache").train).x, first)
    for path in folder.rglob("*.png"):
        Image.fromarray(np.zeros((3, 4), np.uint8)).save(path)
    for path in folder.rglob("a_0.png"):
        Image.fromarray(np.ones((3, 4), np.uint8)).save(path)
        path.rename(path.with_name("z.png"))
    with pytest.raises(UserError, match="part has no example"):
        ImageFolder(str(folder), greyscale=True).load(Path(), tmp_path / "cache")


def test_the_place_of_the_folder_does_not_count(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other" / "photos")
    one, other = ImageFolder(str(folder)), ImageFolder(f"{tmp_path}/other/photos/")
    assert one.parameters() == other.parameters()
    assert one.checksums() == other.checksums()


def test_an_image_of_the_user(folder: Path, tmp_path: Path) -> None:
    task = ImageFolder(str(folder), side=2, order="pixel", greyscale=True)
    problem = task.load(Path())
    Image.fromarray(np.full((9, 9), 51, np.uint8)).save(tmp_path / "own.png")
    example = task.own_example(problem, OwnInput(file=tmp_path / "own.png"), Path())
    assert example.batch.x.flatten().tolist() == pytest.approx([0.2] * 4)
    task = ImageFolder(str(folder))
    with pytest.raises(UserError, match=r"own\.png has 9 x 9 pixels; the images of the task have 4 x 3\."):
        task.own_example(task.load(Path()), OwnInput(file=tmp_path / "own.png"), Path())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"path": 3}, "task.path is 3; it must be the name of a folder, or null"),
        ({"order": "column"}, "There is no task.order 'column'"),
        ({"side": 0}, "task.side is 0; it must be a whole number from 1 to 1024"),
        ({"greyscale": 1}, "task.greyscale is 1; it must be true or false"),
        ({"group": "("}, r"task.group is '\('; it must be a regular expression"),
        ({"test": 0.9}, "task.test is 0.9; it must be a number from 0.01 to 0.45"),
    ],
)
def test_wrong_parameters_are_refused(fields: Mapping[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        ImageFolder(**fields)  # type: ignore[arg-type]


def test_missing_data_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task.path is null; it must name a folder with a folder of files"):
        ImageFolder().checksums()
    with pytest.raises(MissingFile, match=r"There is no folder nowhere, which task.path names"):
        ImageFolder("nowhere").check_files(tmp_path)
