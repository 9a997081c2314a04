import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Problem, Split
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
