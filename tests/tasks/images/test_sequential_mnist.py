import gzip
import hashlib
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Problem
from gatebench.views import Picture
from tasks.data.files import MissingFile, find_file
from tasks.images.sequential_mnist import FOLDERS, PACKED, SOURCE_URL, UNPACKED, SequentialMnist
from tests.tasks.images.small_mnist import TEST, write_small_mnist
from tests.tasks.real_data import data_root, skipping_without_files

Arrays = dict[str, NDArray[np.uint8]]
HELD_OUT = 100


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arrays:
    return write_small_mnist(tmp_path, monkeypatch)


def pixels(problem: Problem, part: str) -> Tensor:
    """All of a part as (N, T, I) from 0 to 255."""
    split = {"train": problem.train, "val": problem.val, "test": problem.test}[part]
    return split.batch(torch.arange(len(split))).x.transpose(0, 1) * 255


def as_floats(array: NDArray[np.uint8], *shape: int) -> Tensor:
    return torch.tensor(array).float().reshape(-1, *shape)


def test_pixels_come_row_by_row_and_the_first_images_are_held_out(tmp_path: Path, arrays: Arrays) -> None:
    problem = SequentialMnist(validation=HELD_OUT).load(tmp_path)
    images = as_floats(arrays["train-images-idx3-ubyte"], 784, 1)
    assert torch.allclose(pixels(problem, "train"), images[HELD_OUT:], atol=1e-4)
    assert torch.allclose(pixels(problem, "val"), images[:HELD_OUT], atol=1e-4)
    assert torch.allclose(pixels(problem, "test"), as_floats(arrays["t10k-images-idx3-ubyte"], 784, 1), atol=1e-4)
    assert (problem.steps, problem.input_size) == (784, 1)


def test_labels_stay_with_their_images(tmp_path: Path, arrays: Arrays) -> None:
    problem = SequentialMnist(validation=HELD_OUT).load(tmp_path)
    labels = arrays["train-labels-idx1-ubyte"].tolist()
    assert problem.train.batch(torch.tensor([0, 3])).y.tolist() == [labels[HELD_OUT], labels[HELD_OUT + 3]]
    assert problem.val.batch(torch.tensor([0, 99])).y.tolist() == [labels[0], labels[99]]
    assert problem.test.batch(torch.arange(TEST)).y.tolist() == arrays["t10k-labels-idx1-ubyte"].tolist()


def test_a_row_a_step(tmp_path: Path, arrays: Arrays) -> None:
    problem = SequentialMnist(order="row", validation=HELD_OUT).load(tmp_path)
    images = as_floats(arrays["t10k-images-idx3-ubyte"], 28, 28)
    assert torch.allclose(pixels(problem, "test"), images, atol=1e-4)
    assert (problem.steps, problem.input_size) == (28, 28)


def test_one_permutation_for_all_images(tmp_path: Path, arrays: Arrays) -> None:
    plain, permuted, again, other = (
        pixels(SequentialMnist(permutation_seed=seed, validation=HELD_OUT).load(tmp_path), "test")
        for seed in (None, 0, 0, 1)
    )
    order = drawn_order(0)
    assert torch.equal(permuted, plain[:, order])
    assert torch.equal(permuted, again)
    assert not torch.equal(permuted, other)
    held_out = SequentialMnist(permutation_seed=0, validation=HELD_OUT).load(tmp_path)
    images = as_floats(arrays["train-images-idx3-ubyte"], 784, 1)
    assert torch.allclose(pixels(held_out, "val"), images[:HELD_OUT, order], atol=1e-4)


def drawn_order(seed: int) -> Tensor:
    """The order of the pixels, drawn anew."""
    draw = Random(seed).random
    return torch.tensor([draw() for _ in range(784)], dtype=torch.float64).argsort()


def test_a_limit_shortens_training_alone(tmp_path: Path, arrays: Arrays) -> None:
    full = SequentialMnist(validation=HELD_OUT).load(tmp_path)
    short = SequentialMnist(validation=HELD_OUT, limit=7).load(tmp_path)
    assert torch.equal(pixels(short, "train"), pixels(full, "train")[:7])
    assert (len(short.val), len(short.test)) == (len(full.val), len(full.test))
    assert SequentialMnist(limit=7).parameters()["limit"] == 7


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("packed", [True, False])
def test_every_layout_reads_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, packed: bool
) -> None:
    arrays = write_small_mnist(tmp_path, monkeypatch, folder, packed)
    problem = SequentialMnist(validation=HELD_OUT).load(tmp_path)
    assert torch.allclose(pixels(problem, "test"), as_floats(arrays["t10k-images-idx3-ubyte"], 784, 1), atol=1e-4)


@pytest.mark.parametrize("file", PACKED)
def test_a_missing_file_is_named_with_its_source(tmp_path: Path, arrays: Arrays, file: str) -> None:
    (tmp_path / "mnist" / file).unlink()
    with pytest.raises(MissingFile) as caught:
        SequentialMnist(validation=HELD_OUT).load(tmp_path)
    for part in (file, str(tmp_path / "mnist"), str(tmp_path / "MNIST" / "raw"), SOURCE_URL):
        assert part in str(caught.value)


@pytest.mark.parametrize("file", PACKED)
@pytest.mark.parametrize("damage", ["truncated", "changed", "empty"])
def test_a_damaged_file_is_refused_before_it_is_read(tmp_path: Path, arrays: Arrays, file: str, damage: str) -> None:
    path = tmp_path / "mnist" / file
    data = path.read_bytes()
    changed = data[:-1] + bytes([data[-1] ^ 1])
    path.write_bytes({"truncated": data[: len(data) // 2], "changed": changed, "empty": b""}[damage])
    with pytest.raises(UserError) as caught:
        SequentialMnist(validation=HELD_OUT).load(tmp_path)
    for part in (str(path), "is not the published file", PACKED[file], SOURCE_URL):
        assert part in str(caught.value)


def test_a_damaged_file_is_not_passed_over_for_a_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in FOLDERS:
        write_small_mnist(tmp_path, monkeypatch, folder)
    (tmp_path / FOLDERS[0] / "t10k-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    with pytest.raises(UserError, match="is not the published file"):
        SequentialMnist(validation=HELD_OUT).load(tmp_path)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"order": "pixels"}, r"There is no task\.order 'pixels'; did you mean 'pixel'\? Allowed: pixel, row\."),
        ({"order": ["row"]}, r"There is no task\.order .* Allowed: pixel, row\."),
        ({"order": "row", "permutation_seed": 0}, r"task\.permutation_seed permutes .* 'row' it must be null\."),
        ({"permutation_seed": -1}, r"task\.permutation_seed is -1; it must be a whole number of at least 0\."),
        ({"permutation_seed": 0.0}, r"task\.permutation_seed is 0\.0; .*"),
        ({"validation": 0}, r"task\.validation is 0; it must be a whole number from 1 to 59999\."),
        ({"validation": 60_000}, r"task\.validation is 60000; .*"),
        ({"limit": 0}, r"task\.limit is 0; it must be a whole number from 1 to 55000\."),
        ({"limit": 55_001}, r"task\.limit is 55001; .*"),
        ({"limit": 59_000, "validation": 2000}, r"task\.limit is 59000; .* from 1 to 58000\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        SequentialMnist(**fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def real() -> Path:
    with skipping_without_files():
        for file in PACKED:
            find_file(data_root(), FOLDERS, (file,), SOURCE_URL)
    return data_root()


def test_real_files(real: Path) -> None:
    problem = SequentialMnist().load(real)
    assert (len(problem.train), len(problem.val), len(problem.test)) == (55_000, 5_000, 10_000)
    assert problem.val.batch(torch.arange(5)).y.tolist() == [5, 0, 4, 1, 9]
    assert problem.test.batch(torch.arange(5)).y.tolist() == [7, 2, 1, 0, 4]
    most_frequent = problem.train.batch(torch.arange(55_000)).y.bincount().argmax()
    assert most_frequent == 1
    assert (problem.test.batch(torch.arange(10_000)).y == most_frequent).double().mean() == SequentialMnist.chance


def test_real_unpacked_files_have_the_checksums_of_the_unpacked(real: Path) -> None:
    for file in PACKED:
        data = gzip.decompress(find_file(real, FOLDERS, (file,), SOURCE_URL).read_bytes())
        assert hashlib.sha256(data).hexdigest() == UNPACKED[file.removesuffix(".gz")]


@pytest.mark.parametrize("fields", [{"order": "pixel"}, {"order": "row"}, {"permutation_seed": 3}])
def test_an_image_of_the_user_is_read_like_a_test_image(
    tmp_path: Path, arrays: Arrays, fields: dict[str, object]
) -> None:
    task = SequentialMnist(validation=HELD_OUT, **fields)  # type: ignore[arg-type]
    problem = task.load(tmp_path)
    image = next(one for one in arrays["t10k-images-idx3-ubyte"] if one.mean() < 100)
    number = next(k for k, one in enumerate(arrays["t10k-images-idx3-ubyte"]) if (one == image).all())
    file = tmp_path / "mine.png"
    Image.fromarray(image).save(file)
    own, expected = task.own_example(problem, OwnInput(file=file), tmp_path), task.example(problem, number, tmp_path)
    assert torch.allclose(own.batch.x, expected.batch.x)
    assert own.notes == ()
    for example in (own, expected):
        assert isinstance(example.view, Picture)
        assert np.allclose(example.view.pixels, image / 255)
