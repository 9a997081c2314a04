from itertools import product
from math import isnan
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from gatebench.errors import UserError
from gatebench.task import Problem, Size, Split, Stream
from gatebench.training import run_trial
from gatebench.trial import Model, Training, Trial
from tasks.data.files import MissingFile
from tasks.images.continual import Continual
from tests.tasks.images.small_mnist import TEST, TRAIN, write_small_mnist

Arrays = dict[str, NDArray[np.uint8]]
HELD_OUT = 100


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Arrays:
    return write_small_mnist(tmp_path, monkeypatch)


def load(task: Continual, root: Path) -> Stream:
    stream = task.load(root)
    assert isinstance(stream, Stream)
    return stream


def pixels(split: Split) -> Tensor:
    """All images of a split (N, 784), from 0 to 255, in the order of reading."""
    return split.batch(torch.arange(len(split))).x.transpose(0, 1).flatten(1) * 255


def labels(split: Split) -> list[int]:
    found: list[int] = split.batch(torch.arange(len(split))).y.tolist()
    return found


def parts(problem: Problem) -> tuple[Split, Split, Split]:
    return problem.train, problem.val, problem.test


@pytest.mark.parametrize("order", ["row", "pixel"])
def test_permuted_experiences_hold_the_same_images_in_other_orders(tmp_path: Path, arrays: Arrays, order: str) -> None:
    stream = load(Continual(experiences=3, order=order, validation=HELD_OUT), tmp_path)
    plain = torch.tensor(arrays["t10k-images-idx3-ubyte"]).float().flatten(1)
    orders = []
    for experience in stream.experiences:
        assert [len(split) for split in parts(experience)] == [TRAIN - HELD_OUT, HELD_OUT, TEST]
        seen = pixels(experience.test)
        assert torch.allclose(seen.sort(1).values, plain.sort(1).values, atol=1e-3)
        # Where each pixel comes from, told by its values in all images; the same in every part.
        columns = {tuple(column): i for i, column in enumerate(plain.T.tolist())}
        where = [columns[tuple(column)] for column in seen.round().T.tolist()]
        orders.append(where)
        train = torch.tensor(arrays["train-images-idx3-ubyte"]).float().flatten(1)
        assert torch.allclose(pixels(experience.train), train[HELD_OUT:, where], atol=1e-3)
        assert torch.allclose(pixels(experience.val), train[:HELD_OUT, where], atol=1e-3)
        assert labels(experience.test) == arrays["t10k-labels-idx1-ubyte"].tolist()
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert (stream.steps, stream.input_size) == ((28, 28) if order == "row" else (784, 1))


def test_another_seed_shares_no_order(tmp_path: Path, arrays: Arrays) -> None:
    one, other = (load(Continual(experiences=2, permutation_seed=s, validation=HELD_OUT), tmp_path) for s in (0, 1))
    seen = [pixels(e.test) for stream in (one, other) for e in stream.experiences]
    assert not any(torch.equal(a, b) for i, a in enumerate(seen) for b in seen[:i])


def test_split_experiences_hold_two_digits_each_and_all_once(tmp_path: Path, arrays: Arrays) -> None:
    stream = load(Continual(scenario="split", experiences=5, validation=HELD_OUT), tmp_path)
    for number, experience in enumerate(stream.experiences):
        for split in parts(experience):
            assert set(labels(split)) == {2 * number, 2 * number + 1}
    images = torch.tensor(arrays["t10k-images-idx3-ubyte"]).float().flatten(1)
    of_experiences = torch.cat([pixels(e.test) for e in stream.experiences])
    digits = arrays["t10k-labels-idx1-ubyte"]
    own = np.concatenate([np.flatnonzero(digits // 2 == pair) for pair in range(5)])
    assert torch.allclose(of_experiences, images[own], atol=1e-3)
    assert sum(len(e.train) for e in stream.experiences) == TRAIN - HELD_OUT


@pytest.mark.parametrize("scenario", ["permuted", "split"])
def test_a_limit_shortens_the_training_of_each_experience(tmp_path: Path, arrays: Arrays, scenario: str) -> None:
    full, short = (
        load(Continual(scenario=scenario, experiences=3, validation=HELD_OUT, limit=limit), tmp_path)
        for limit in (None, 7)
    )
    for whole, cut in zip(full.experiences, short.experiences, strict=True):
        assert torch.equal(pixels(cut.train), pixels(whole.train)[:7])
        assert (len(cut.val), len(cut.test)) == (len(whole.val), len(whole.test))


def test_joint_is_all_experiences_at_once(tmp_path: Path, arrays: Arrays) -> None:
    fields = {"experiences": 3, "validation": HELD_OUT}
    joint = Continual(**fields, joint=True).load(tmp_path)  # type: ignore[arg-type]
    stream = load(Continual(**fields), tmp_path)  # type: ignore[arg-type]
    assert not isinstance(joint, Stream)
    for whole, several in zip(parts(joint), zip(*map(parts, stream.experiences), strict=True), strict=True):
        assert torch.equal(pixels(whole), torch.cat([pixels(split) for split in several]))
    scores = joint.scores({"correct": 3.0, "examples": 4.0})
    assert scores.pop("average_accuracy") == 0.75
    assert set(scores) == {"backward_transfer", "forgetting"}
    assert all(isnan(value) for value in scores.values())


def test_a_stream_is_not_learnt_at_once_by_mistake(tmp_path: Path, arrays: Arrays) -> None:
    stream = load(Continual(experiences=2, validation=HELD_OUT), tmp_path)
    with pytest.raises(UserError, match=r"^A stream is trained on one experience after another; .*\.$"):
        stream.scores({"correct": 3.0, "examples": 4.0})


def test_digits_that_are_missing_from_a_part_are_named(tmp_path: Path, arrays: Arrays) -> None:
    with pytest.raises(UserError, match=r"^There is no 2 or 3 in a part of 2 images\.$"):
        Continual(scenario="split", experiences=2, validation=2).load(tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"train-images-idx3-ubyte"):
        Continual().load(tmp_path)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"scenario": "splits"}, r"There is no task\.scenario 'splits'; did you mean 'split'\? .*"),
        ({"experiences": 1}, r"task\.experiences is 1; it must be a whole number from 2 to 1000\."),
        ({"scenario": "split", "experiences": 6}, r"task\.experiences is 6; .* from 2 to 5\."),
        ({"scenario": "split"}, r"task\.experiences is 10; .* from 2 to 5\."),
        ({"order": "rows"}, r"There is no task\.order 'rows'; .*"),
        ({"permutation_seed": -1}, r"task\.permutation_seed is -1; .*"),
        ({"validation": 0}, r"task\.validation is 0; .*"),
        ({"limit": 55_001}, r"task\.limit is 55001; .*"),
        ({"joint": 1}, r"task\.joint is 1; it must be true or false\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        Continual(**fields)  # type: ignore[arg-type]


def test_size() -> None:
    assert Continual(experiences=4, limit=1000).size() == Size(4000, 28, 28)
    assert Continual(order="pixel").size() == Size(550_000, 784, 1)
    assert Continual(scenario="split", experiences=5).size() is None


def test_after_each_pair_its_digits_are_the_only_answers(tmp_path: Path, arrays: Arrays) -> None:
    """With a single head and no replay nothing is left of the pairs before; an even chance is left of the two."""
    task = {
        "_target_": "tasks.images.continual.Continual",
        "scenario": "split",
        "experiences": 3,
        "validation": HELD_OUT,
    }
    training = Training(max_epochs=4, learning_rate=0.02, backend="native")
    trial = Trial({"name": "lstm", "base": "lstm"}, task, Model(16), training)
    outcome = run_trial(trial, home=tmp_path / "home", data_root=tmp_path, emit=lambda _: None)
    for i, j in product((1, 2, 3), repeat=2):
        score = outcome.metrics[f"matrix/{i}/{j}"]
        assert score > 0.4 if i == j else score < 0.1
    assert outcome.metrics["test/forgetting"] > 0.4
    assert outcome.metrics["test/backward_transfer"] < -0.4
