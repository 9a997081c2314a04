from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gatebench.errors import UserError
from gatebench.own_input import OwnInput
from gatebench.training import run_trial
from gatebench.training.example_gates import example_gates
from gatebench.training.network import Network
from gatebench.trial import Model, Training, Trial
from gatebench.views import Picture
from tasks.data.files import MissingFile
from tasks.images.image_patches import ImagePatches
from tests.tasks.answers import everything
from tests.tasks.images.small_cifar import write_small_cifar
from tests.tasks.images.small_mnist import write_small_mnist


def test_the_images_and_the_parts_are_those_of_sequential_mnist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrays = write_small_mnist(tmp_path, monkeypatch)
    problem = ImagePatches(validation=100, limit=30).load(tmp_path)
    assert (problem.steps, problem.input_size) == (7, 7 * 16)
    assert [len(split) for split in (problem.train, problem.val, problem.test)] == [30, 100, 200]
    images = everything(problem.test).x.transpose(0, 1).reshape(-1, 28, 28) * 255
    assert np.array_equal(images.round().numpy(), arrays["t10k-images-idx3-ubyte"])
    scores = problem.baselines()
    assert scores["majority"] < 0.3 < scores["logistic regression"]


def test_photographs_keep_their_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = write_small_cifar(tmp_path, monkeypatch)
    task = ImagePatches("cifar10", patch=8, validation=100)
    problem = task.load(tmp_path)
    x = problem.test.batch(torch.tensor([3])).x
    first = problem.encoder(x).reshape(4, 4, 8, 8, 3)[1, 2] * 255
    colours = batches["test_batch"][0][3].reshape(3, 32, 32)[:, 8:16, 16:24]
    assert np.array_equal(first.round().numpy(), colours.transpose(1, 2, 0))
    assert task.answers[0] == "airplane"
    assert task.chance == 0.1
    with pytest.raises(UserError, match="image_patches takes no input of your own"):
        task.own_example(problem, OwnInput("any"), tmp_path)


def test_a_trial_has_the_gates_of_both_directions_of_both_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_small_mnist(tmp_path, monkeypatch)
    task = ImagePatches(patch=14, validation=100, limit=100)
    config = {"_target_": "tasks.images.image_patches.ImagePatches", **task.parameters()}
    trial = Trial(
        {"name": "lstm", "base": "lstm"}, config, Model(4, bidirectional=True), Training(max_epochs=1, batch_size=50)
    )
    outcome = run_trial(trial, home=tmp_path, data_root=tmp_path, emit=lambda epoch: None)
    assert outcome.status == "finished"
    assert outcome.facts["layers"] == "l0 vertical, l1 horizontal"
    assert {"gate/l0/keep/f/mean", "gate/l1/keep/f/mean"} <= outcome.metrics.keys()
    problem = task.load(tmp_path)
    network, example = Network(problem, trial).eval(), task.example(problem, 0, tmp_path)
    found = example_gates(network, trial, example, task.answers)
    assert [gates["f"].shape for gates in found.layers] == [(2, 8), (2, 8)]
    with torch.no_grad():
        _, recorded = network.forward_with_gates(example.batch)
    for part, layer in (("vertical", 0), ("horizontal", 1)):
        sequence = example.part_sequences[part]
        assert sequence == 1
        assert np.array_equal(found.layers[layer]["f"], recorded[layer].trace[layer]["f"][:, 1].numpy())
    view = example.part_views["vertical"]
    assert isinstance(view, Picture)
    assert [divmod(int(pixels[0]), 28) for pixels in view.places] == [(0, 14), (14, 14)]
    view = example.part_views["horizontal"]
    assert isinstance(view, Picture)
    assert [divmod(int(pixels[0]), 28) for pixels in view.places] == [(14, 0), (14, 14)]


def test_an_image_of_the_user_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_mnist(tmp_path, monkeypatch)
    task = ImagePatches(validation=100, sweeps=2)
    problem = task.load(tmp_path)
    Image.fromarray(np.full((56, 56), 51, np.uint8)).save(tmp_path / "own.png")
    example = task.own_example(problem, OwnInput(file=tmp_path / "own.png"), tmp_path)
    assert example.batch.x.shape == (7, 1, 112)
    assert example.batch.x.flatten().tolist() == pytest.approx([0.2] * 784)
    assert example.notes == ("The image was scaled from 56 x 56 to 28 x 28.",)
    assert set(example.part_views) == {"vertical", "vertical 2", "horizontal", "horizontal 2"}


def test_the_network_has_no_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_mnist(tmp_path, monkeypatch)
    with pytest.raises(UserError, match="and no head"):
        ImagePatches(validation=100).load(tmp_path).head(4, 1)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"dataset": "mnst"}, r"There is no task\.dataset 'mnst'; did you mean 'mnist'\? Allowed: .*"),
        ({"patch": 5}, r"task\.patch is 5; it must be one of 1, 2, 4, 7, 14\."),
        ({"dataset": "cifar10", "patch": 7}, r"task\.patch is 7; it must be one of 1, 2, 4, 8, 16\."),
        ({"filters": -1}, r"task\.filters is -1; .*"),
        ({"sweeps": 0}, r"task\.sweeps is 0; .*"),
        ({"validation": 0}, r"task\.validation is 0; it must be a whole number from 1 to 59999\."),
        ({"dataset": "cifar10", "limit": 50_000}, r"task\.limit is 50000; .* from 1 to 45000\."),
    ],
)
def test_impossible_fields_are_refused(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=f"^{sentence}$"):
        ImagePatches(**fields)  # type: ignore[arg-type]


def test_missing_files_are_told(tmp_path: Path) -> None:
    for dataset in ("mnist", "cifar10"):
        with pytest.raises(MissingFile):
            ImagePatches(dataset).check_files(tmp_path)
