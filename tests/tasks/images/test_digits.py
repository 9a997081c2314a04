import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.task import Problem, Size, Split
from gatebench.views import Picture
from tasks.images import digits
from tasks.images.digits import Digits
from tests.tasks.answers import everything


@pytest.fixture(scope="module")
def problem() -> Problem:
    return Digits().load(Path("unused"))


def images(split: Split) -> list[tuple[bytes, int]]:
    """Each image as 64 bytes from 0 to 16, with its label."""
    batch = everything(split)
    pixels: Tensor = (batch.x[:, :, 0].T * 16).to(torch.uint8)
    return [(bytes(image), label) for image, label in zip(pixels.tolist(), batch.y.tolist(), strict=True)]


def test_counts_and_shapes(problem: Problem) -> None:
    assert (len(problem.train), len(problem.val), len(problem.test)) == (1259, 269, 269)
    assert (problem.steps, problem.input_size) == (64, 1)
    batch = everything(problem.train)
    assert batch.x.shape == (64, 1259, 1)
    assert (batch.x.min().item(), batch.x.max().item()) == (0, 1)


def test_the_parts_are_scikit_learns_images_each_once(problem: Problem) -> None:
    from sklearn.datasets import load_digits

    theirs = load_digits()
    expected = [
        (row.astype("uint8").tobytes(), int(label)) for row, label in zip(theirs.data, theirs.target, strict=True)
    ]
    ours = images(problem.train) + images(problem.val) + images(problem.test)
    assert sorted(ours) == sorted(expected)
    assert len(set(ours)) == 1797


@pytest.mark.parametrize("seed", [0, 1])
def test_every_class_has_its_share(seed: int) -> None:
    split = Digits(split_seed=seed).load(Path("unused"))
    assert everything(split.test).y.bincount().tolist() == [27, 27, 27, 27, 27, 27, 27, 27, 26, 27]
    assert everything(split.val).y.bincount().tolist() == [27, 27, 27, 27, 27, 27, 27, 27, 26, 27]
    assert everything(split.train).y.bincount().tolist() == [124, 128, 123, 129, 127, 128, 127, 125, 122, 126]


def test_the_seed_chooses_the_images(problem: Problem) -> None:
    other = Digits(split_seed=1).load(Path("unused"))
    shared = set(images(problem.test)) & set(images(other.test))
    assert len(shared) < 80  # 40 expected


def test_the_split_is_the_same_for_ever(problem: Problem) -> None:
    content = b"".join(image for image, _ in images(problem.test))
    assert hashlib.sha256(content).hexdigest() == "dbd0e56f6891e2af36b60c5f2cb1a9c8eba9d5a811eb18982e9fabacb78c7b4e"


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = digits._installed_file()
    (tmp_path / digits.FILE).write_bytes(installed.read_bytes()[:-1])
    monkeypatch.setattr(digits, "_installed_file", lambda: tmp_path / digits.FILE)
    with pytest.raises(UserError, match=r"is not the published file: its sha256 is \w{64}, not 09f66e6d"):
        Digits().load(tmp_path)


def test_without_scikit_learn_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"^The task digits reads digits\.csv\.gz from scikit-learn, which is not installed\.$"
    ):
        Digits().load(Path("unused"))


@pytest.mark.parametrize("seed", [-1, 0.5, True, None])
def test_impossible_seeds_are_refused(seed: int) -> None:
    with pytest.raises(UserError, match=r"^task\.split_seed is .* of at least 0\.$"):
        Digits(split_seed=seed)


def test_a_stream_has_four_pixels_at_each_step_and_ends_with_the_image_of_its_class(problem: Problem) -> None:
    streams = Digits(pixels=4, images=3).load(Path("unused"))
    batch = everything(streams.train)
    assert (streams.steps, streams.input_size, batch.x.shape) == (48, 4, (48, 1259, 4))
    single = everything(problem.train)
    last = batch.x[-16:].permute(1, 0, 2).reshape(1259, 64)
    assert torch.equal(last, single.x[:, :, 0].T)
    assert torch.equal(batch.y, single.y)


def test_each_image_stands_once_at_each_place_of_the_streams(problem: Problem) -> None:
    for part, single in ((s, getattr(problem, s)) for s in ("train", "val", "test")):
        x = everything(getattr(Digits(pixels=8, images=3).load(Path("unused")), part)).x  # (24, N, 8)
        places = [x[start : start + 8].permute(1, 0, 2).reshape(-1, 64) for start in (0, 8, 16)]
        one_by_one = [sorted(map(bytes, (place * 16).to(torch.uint8).tolist())) for place in places]
        assert one_by_one == [sorted(image for image, _ in images(single))] * 3
        assert not torch.equal(places[0], places[1])
        assert not torch.equal(places[1], places[2])


def test_the_streams_are_the_same_for_ever() -> None:
    x = everything(Digits(pixels=4, images=4).load(Path("unused")).test).x
    digest = hashlib.sha256((x * 16).to(torch.uint8).numpy().tobytes()).hexdigest()
    assert digest == "f4e5ef65fd6132cc29f905b6891364cc2c2b9e2031045827014daf2a7fd61ea9"


def test_parameters_at_their_neutral_values_change_neither_name_nor_digest() -> None:
    assert Digits(pixels=1, images=1).parameters() == {"split_seed": 0}
    assert Digits().label == "digits"
    assert Digits(pixels=4, images=4).parameters() == {"split_seed": 0, "pixels": 4, "images": 4}
    assert Digits(pixels=4, images=4).label == "digits[pixels=4, images=4]"
    assert Digits(pixels=4, images=4).size() == Size(1259, 64, 4)


@pytest.mark.parametrize("split_seed", [0, 1])
def test_logistic_regression_is_that_of_scikit_learn_on_the_last_images(split_seed: int) -> None:
    from sklearn.linear_model import LogisticRegression

    problem = Digits(split_seed=split_seed, pixels=8, images=2).load(Path("unused"))
    train, test = everything(problem.train), everything(problem.test)
    x, x_test = (batch.x[-8:].permute(1, 0, 2).reshape(-1, 64) for batch in (train, test))
    theirs = LogisticRegression(tol=1e-8, max_iter=5000).fit(x, train.y).score(x_test, test.y)
    assert problem.baselines() == {"logistic regression": pytest.approx(theirs, abs=1e-9)}
    assert theirs > 0.95


@pytest.mark.parametrize("pixels", [0, 3, 128, True, 1.0])
def test_impossible_numbers_of_pixels_are_refused(pixels: int) -> None:
    with pytest.raises(UserError, match=r"^task\.pixels is .*; it must be one of 1, 2, 4, 8, 16, 32, 64\.$"):
        Digits(pixels=pixels)


@pytest.mark.parametrize("count", [0, 65, True, 1.0])
def test_impossible_numbers_of_images_are_refused(count: int) -> None:
    with pytest.raises(UserError, match=r"^task\.images is .*; it must be a whole number from 1 to 64\.$"):
        Digits(images=count)


def test_the_last_image_of_a_stream_may_be_the_users(tmp_path: Path) -> None:
    task = Digits(pixels=4, images=2)
    problem = task.load(Path())
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8)
    file = tmp_path / "mine.png"
    Image.fromarray(grey).save(file)
    example = task.own_example(problem, OwnInput(file=file), Path())
    first = problem.test.batch(torch.tensor([0])).x
    assert torch.equal(example.batch.x[:16], first[:16])
    assert np.allclose(example.batch.x[16:, 0].numpy().ravel(), grey.ravel() / 255)
    assert isinstance(example.view, Picture)
    assert np.allclose(example.view.pixels[:, 8:], grey / 255)
    assert example.notes == ("The images before it are those of test example 0.",)
