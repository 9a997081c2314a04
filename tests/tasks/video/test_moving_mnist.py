import io
from math import log
from pathlib import Path

import pytest
import torch
from PIL import Image

from gatebench.errors import UserError
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from gatebench.views import Picture
from tasks.data.files import MissingFile
from tasks.video.moving_mnist import MovingMnist
from tests.tasks.answers import everything
from tests.tasks.images.small_mnist import write_small_digits

SIZES = {"canvas": 16, "read": 4, "predicted": 3, "training": 30, "validation": 8, "test": 7}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_small_digits(tmp_path, monkeypatch)
    return tmp_path


def test_the_seed_gives_the_videos(root: Path) -> None:
    one, again, longer, other = (
        MovingMnist(**SIZES | fields).load(root) for fields in ({}, {}, {"training": 50}, {"data_seed": 1})
    )
    first = everything(one.test)
    assert (first.x.shape, first.y.shape) == ((4, 7, 256), (3, 7, 256))
    for problem in (again, longer):
        assert torch.equal(everything(problem.test).x, first.x)
        assert torch.equal(everything(problem.test).y, first.y)
    assert not torch.equal(everything(other.test).x, first.x)
    assert MovingMnist(**SIZES).chance == 256 * log(2)


def test_a_trial_has_the_similarity_and_a_picture(root: Path) -> None:
    task = MovingMnist(**SIZES)
    config = {"_target_": "tasks.video.moving_mnist.MovingMnist", **task.parameters()}
    trial = Trial({"name": "gru", "base": "gru"}, config, Model(4), Training(max_epochs=1, batch_size=15))
    outcome = run_trial(trial, home=root, data_root=root, emit=lambda epoch: None)
    assert outcome.status == "finished"
    assert outcome.facts["layers"] == "l0 encoder, l1 decoder"
    assert -1 < outcome.metrics["test/ssim"] < 1
    assert outcome.metrics["test/mse"] > 0
    assert [line.partition(":")[0] for line in outcome.files["outputs/scores.txt"].decode().splitlines()] == [
        "network",
        "last frame",
        "mean",
        "least possible cross-entropy",
    ]
    with Image.open(io.BytesIO(outcome.files["outputs/frames.png"]), formats=("PNG",)) as image:
        assert image.size == (70 + 4 * 36 + 4, 12 * 36 + 4)


def test_the_frames_of_an_example_stand_side_by_side(root: Path) -> None:
    task = MovingMnist(**SIZES)
    problem = task.load(root)
    example = task.example(problem, 2, root)
    assert isinstance(example.view, Picture)
    assert example.view.pixels.shape == (16, 64)
    assert (example.view.pixels[:, 16:32] == example.batch.x[1, 0].reshape(16, 16).numpy()).all()
    decoder = example.part_views["decoder"]
    assert isinstance(decoder, Picture)
    assert decoder.places.shape == (3, 256)
    with pytest.raises(UserError, match="and no head"):
        problem.head(4, 1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"canvas": 12}, r"task\.canvas is 12; it must be more than task\.digit_size=12\."),
        ({"canvas": 11}, r"task\.canvas is 11; it must be a whole number from 12 to 256\."),
        ({"digit_size": 30}, r"task\.digit_size is 30; it must be a whole number from 8 to 28\."),
        ({"digits": 0}, r"task\.digits is 0; .*"),
        ({"read": 0}, r"task\.read is 0; .*"),
        ({"predicted": 0}, r"task\.predicted is 0; .*"),
        ({"speed": 0}, r"task\.speed is 0; it must be a number from 0\.001 to 1\."),
        ({"training": 0}, r"task\.training is 0; .*"),
        ({"data_seed": -1}, r"task\.data_seed is -1; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        MovingMnist(**fields)  # type: ignore[arg-type]


def test_missing_digits_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="train-images-idx3-ubyte"):
        MovingMnist().check_files(tmp_path)
