from pathlib import Path

import pytest
import torch

from gatebench.errors import UserError
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from gatebench.views import Picture
from tasks.data.files import MissingFile
from tasks.video.digit_actions import CHANGES, DIRECTIONS, QUESTIONS
from tasks.video.video_actions import ANSWERS, VideoActions
from tests.tasks.answers import everything
from tests.tasks.images.small_mnist import write_small_digits

SIZES = {"filters": 2, "training": 40, "validation": 20, "test": 30}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_small_digits(tmp_path, monkeypatch)
    return tmp_path


@pytest.mark.parametrize("ask", ANSWERS)
def test_every_question_has_its_videos(root: Path, ask: str) -> None:
    task = VideoActions(ask, **SIZES)
    problem = task.load(root)
    batch = everything(problem.test)
    assert batch.x.shape == (10, 30, 32 * 32)
    assert task.chance == 1 / len(task.answers)
    assert problem.encoder(batch.x).shape == (10, 30, 4 * 64)
    size = task.size()
    assert (size.examples, size.steps, size.inputs) == (40, 10, problem.input_size)
    assert problem.baselines().keys() == {"majority", "single frame", "frame difference"}
    example = task.example(problem, 5, root)
    assert isinstance(example.view, Picture)
    assert example.view.pixels.shape == (32, 320)
    assert example.target == task.answers[int(batch.y[5])]


def test_the_names_of_the_classes_are_those_of_the_videos() -> None:
    assert ANSWERS.keys() == QUESTIONS.keys()
    assert ANSWERS["where"] == tuple(DIRECTIONS)
    assert ANSWERS["change"] == CHANGES


def test_the_test_part_does_not_depend_on_the_size_of_the_training_part(root: Path) -> None:
    one, other = (VideoActions(**SIZES | {"training": size}).load(root) for size in (10, 20))  # type: ignore[arg-type]
    assert torch.equal(everything(one.test).x, everything(other.test).x)


def test_a_trial_trains(root: Path) -> None:
    task = VideoActions(**SIZES)  # type: ignore[arg-type]
    config = {"_target_": "tasks.video.video_actions.VideoActions", **task.parameters()}
    trial = Trial({"name": "lstm", "base": "lstm"}, config, Model(4), Training(max_epochs=1, batch_size=20))
    outcome = run_trial(trial, home=root, data_root=root, emit=lambda epoch: None)
    assert outcome.status == "finished"
    assert 0 <= outcome.metrics["test/accuracy"] <= 1


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"ask": "were"}, r"There is no task\.ask 'were'; did you mean 'where'\? Allowed: .*"),
        ({"frames": 20}, r"task\.frames is 20; it must be from 2 to 19, so that a digit stays in task\.canvas=32\."),
        ({"frames": 1}, r"task\.frames is 1; .*"),
        ({"canvas": 14}, r"task\.canvas is 14; it must be more than task\.digit_size=14\."),
        ({"digit_size": 29}, r"task\.digit_size is 29; .*"),
        ({"filters": 0}, r"task\.filters is 0; .*"),
        ({"validation": 0}, r"task\.validation is 0; .*"),
        ({"data_seed": -1}, r"task\.data_seed is -1; .*"),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        VideoActions(**fields)  # type: ignore[arg-type]


def test_missing_digits_are_told(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="train-images-idx3-ubyte"):
        VideoActions().check_files(tmp_path)
