from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from gatebench.views import Picture
from tasks.data.files import MissingFile
from tasks.detection.boxes import NOTHING
from tasks.detection.digit_detection import DigitDetection
from tests.tasks.answers import everything
from tests.tasks.images.small_mnist import write_small_digits

SIZES = {"digits": 2, "boxes": 2, "filters": 4, "training": 30, "validation": 8, "test": 20}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_small_digits(tmp_path, monkeypatch)
    return tmp_path


def test_a_step_has_the_pixels_of_a_row_of_regions(root: Path) -> None:
    problem = DigitDetection(**SIZES).load(root)
    batch = everything(problem.test)
    assert batch.x.shape == (2, 20, 24 * 48)
    assert batch.y.shape == (20, 2, 5)
    assert set((batch.y[..., 4] != NOTHING).sum(1).tolist()) == {1, 2}
    again = everything(DigitDetection(**SIZES | {"training": 7}).load(root).test)
    assert torch.equal(again.x, batch.x)
    assert not torch.equal(everything(DigitDetection(**SIZES | {"data_seed": 1}).load(root).test).x, batch.x)


def test_a_trial_has_the_precision_and_a_picture(root: Path) -> None:
    task = DigitDetection(**SIZES)
    config = {"_target_": "tasks.detection.digit_detection.DigitDetection", **task.parameters()}
    trial = Trial({"name": "lstm", "base": "lstm"}, config, Model(4), Training(max_epochs=1, batch_size=15))
    outcome = run_trial(trial, home=root, data_root=root, emit=lambda epoch: None)
    assert outcome.status == "finished"
    assert outcome.facts["layers"] == "l0 emitter"
    assert 0 <= outcome.metrics["test/map50"] <= 1
    assert outcome.files["outputs/boxes.png"].startswith(b"\x89PNG")
    lines = outcome.files["outputs/scores.txt"].decode().splitlines()
    assert lines[0] == f"mean average precision at an overlap of 0.5: {outcome.metrics['test/map50']:.4f}"
    assert len(lines) == 11


def test_the_region_in_the_middle_is_shown(root: Path) -> None:
    task = DigitDetection(**SIZES)
    problem = task.load(root)
    example = task.example(problem, 3, root)
    view = example.part_views["emitter"]
    assert isinstance(view, Picture)
    assert view.places.shape == (2, 24 * 24)
    assert divmod(int(view.places[0, 0]), 48) == (24, 24)
    assert example.part_sequences == {"emitter": 3}
    assert problem.baselines().keys() == {"sliding template"}
    with pytest.raises(UserError, match="and no head"):
        problem.head(4, 1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"canvas": 40}, r"task\.canvas is 40; it must be a multiple of 16, 8 times task\.grid\."),
        ({"canvas": 16}, r"task\.canvas is 16; it must be at least task\.largest=22\."),
        ({"smallest": 7}, r"task\.smallest is 7; it must be a whole number from 8 to 28\."),
        ({"largest": 13}, r"task\.largest is 13; it must be a whole number from 14 to 28\."),
        ({"grid": 1}, r"task\.boxes=3 in 1 regions are fewer than task\.digits=4; .*"),
        ({"boxes": 0}, r"task\.boxes is 0; .*"),
        ({"digits": 0}, r"task\.digits is 0; .*"),
        ({"filters": 0}, r"task\.filters is 0; .*"),
        ({"test": 0}, r"task\.test is 0; .*"),
        ({"data_seed": -1}, r"task\.data_seed is -1; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, int], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        DigitDetection(**fields)


def test_missing_digits_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="train-images-idx3-ubyte"):
        DigitDetection().check_files(tmp_path)
