from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Problem
from tasks.images.sequential_cifar10 import SequentialCifar10
from tests.tasks.images.small_cifar import IMAGES, Batch, write_small_cifar
from tests.tasks.real_data import data_root, skipping_without_files

HELD_OUT = 100


@pytest.fixture
def batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Batch]:
    return write_small_cifar(tmp_path, monkeypatch)


def pixels(problem: Problem, part: str) -> Tensor:
    """All of a part as (N, T, I) from 0 to 255."""
    split = {"train": problem.train, "val": problem.val, "test": problem.test}[part]
    return split.batch(torch.arange(len(split))).x.transpose(0, 1) * 255


def planes(batches: dict[str, Batch]) -> Tensor:
    """All training images (N, 3, 32, 32)."""
    arrays = [images for name, (images, _) in batches.items() if name.startswith("data")]
    return torch.tensor(np.concatenate(arrays)).float().reshape(-1, 3, 32, 32)


def test_a_pixel_a_step_has_its_three_colours(tmp_path: Path, batches: dict[str, Batch]) -> None:
    problem = SequentialCifar10(validation=HELD_OUT).load(tmp_path)
    assert (problem.steps, problem.input_size) == (1024, 3)
    images = planes(batches)
    assert (len(problem.train), len(problem.val), len(problem.test)) == (5 * IMAGES - HELD_OUT, HELD_OUT, IMAGES)
    both = torch.cat([pixels(problem, "val"), pixels(problem, "train")])
    for row, column in ((0, 0), (0, 31), (1, 0), (31, 31)):
        assert torch.allclose(both[:, 32 * row + column], images[:, :, row, column], atol=1e-3)


def test_a_row_a_step_has_its_pixels_side_by_side(tmp_path: Path, batches: dict[str, Batch]) -> None:
    problem = SequentialCifar10(order="row", validation=HELD_OUT).load(tmp_path)
    assert (problem.steps, problem.input_size) == (32, 96)
    by_pixel = SequentialCifar10(validation=HELD_OUT).load(tmp_path)
    assert torch.equal(pixels(problem, "test"), pixels(by_pixel, "test").reshape(-1, 32, 96))


def test_grey_is_the_brightness_of_the_colours(tmp_path: Path, batches: dict[str, Batch]) -> None:
    problem = SequentialCifar10(greyscale=True, validation=HELD_OUT).load(tmp_path)
    assert (problem.steps, problem.input_size) == (1024, 1)
    expected = (planes(batches) * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1).flatten(1)[:HELD_OUT]
    assert (pixels(problem, "val")[:, :, 0] - expected).abs().max() < 0.501
    rows = SequentialCifar10(order="row", greyscale=True, validation=HELD_OUT).load(tmp_path)
    assert (rows.steps, rows.input_size) == (32, 32)


def test_labels_stay_with_their_images_and_a_limit_shortens_training_alone(
    tmp_path: Path, batches: dict[str, Batch]
) -> None:
    labels = [label for name, (_, labels) in batches.items() if name.startswith("data") for label in labels]
    problem = SequentialCifar10(order="row", validation=HELD_OUT, limit=30).load(tmp_path)
    assert problem.val.batch(torch.arange(HELD_OUT)).y.tolist() == labels[:HELD_OUT]
    assert problem.train.batch(torch.arange(30)).y.tolist() == labels[HELD_OUT : HELD_OUT + 30]
    assert (len(problem.train), len(problem.test)) == (30, IMAGES)
    assert problem.test.batch(torch.arange(IMAGES)).y.tolist() == batches["test_batch"][1]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"order": "rows"}, r"There is no task\.order 'rows'; did you mean 'row'\? Allowed: pixel, row\."),
        ({"greyscale": 1}, r"task\.greyscale is 1; it must be true or false\."),
        ({"validation": 50_000}, r"task\.validation is 50000; it must be a whole number from 1 to 49999\."),
        ({"limit": 45_001}, r"task\.limit is 45001; it must be a whole number from 1 to 45000\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        SequentialCifar10(**fields)  # type: ignore[arg-type]


def test_real_files() -> None:
    with skipping_without_files():
        problem = SequentialCifar10(order="row").load(data_root())
    assert (len(problem.train), len(problem.val), len(problem.test)) == (45_000, 5_000, 10_000)
    assert problem.val.batch(torch.arange(10)).y.tolist() == [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]
    assert problem.test.batch(torch.arange(10_000)).y.bincount().tolist() == [1000] * 10
