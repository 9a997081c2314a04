from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from gatebench.errors import UserError
from gatebench.task import Batch, Metric, Problem, Split
from tasks.blocks.objectives import count_correct
from tasks.speech.noisy_tests import noisy_metrics
from tasks.speech.speech_commands import SpeechCommands
from tests.tasks.speech.small_speech import write_small_subset

LEVELS = (20.0, -5.0, 2.5)


class Answering:
    """A network that is linear in the first frame. It keeps the batches that it reads."""

    def __init__(self, classes: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.weights = torch.randn(40, classes, generator=generator)
        self.encoder: nn.Module = nn.Identity()
        self.body: nn.Module | None = None
        self.device = torch.device("cpu")

    def __call__(self, batch: Batch) -> Tensor:
        """Return the logits (B, C)."""
        return (batch.x[10] + 5) @ self.weights


def task(**fields: object) -> SpeechCommands:
    """Return a task on three words of the subset."""
    return SpeechCommands(version="v0.01_subset", words=["go", "up", "zero"], **fields)  # type: ignore[arg-type]


def accuracy(network: Answering, split: Split) -> float:
    batch = split.batch(torch.arange(len(split)))
    return int(count_correct(network(batch), batch)["correct"]) / len(split)


def loaded(folder: Path, **fields: object) -> Problem:
    return task(**fields).load(folder, folder / "cache")


def test_each_level_is_the_test_of_a_task_with_this_ratio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_subset(tmp_path, monkeypatch, ("go", "up", "zero"), {"training": 10, "validation": 12})
    network = Answering(3)
    problem = loaded(tmp_path, test_snr_levels=LEVELS)
    found = problem.artifacts(network, 0)
    expected = {
        f"accuracy_snr_{level:g}": accuracy(network, loaded(tmp_path, test_snr_db=level).test) for level in LEVELS
    }
    assert found.metrics == expected
    assert not found.files
    assert accuracy(network, problem.test) == accuracy(network, loaded(tmp_path).test)  # the test clips stay clean


def test_each_level_is_a_metric() -> None:
    names = ["accuracy_snr_20", "accuracy_snr_-5", "accuracy_snr_2.5"]
    assert [metric.name for metric in noisy_metrics(LEVELS)] == names
    ours = task(test_snr_levels=[20, -5, 2.5])
    assert ours.metrics == (Metric("accuracy", "max"), *noisy_metrics(LEVELS))
    assert ours.final_metrics == tuple(names)
    assert SpeechCommands.metrics == SpeechCommands().metrics == (Metric("accuracy", "max"),)


def test_a_task_without_levels_has_the_parameters_of_earlier_versions() -> None:
    assert "test_snr_levels" not in task().parameters()
    assert task(test_snr_levels=[20]).parameters()["test_snr_levels"] == [20.0]
    assert task(test_snr_levels=[20, 5]).label.endswith("test_snr_levels=20+5]")


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (20, r"task\.test_snr_levels is 20; it must be a list of numbers, for example \[20,10,0\]\."),
        ("20", r"task\.test_snr_levels is '20'; it must be a list of numbers, .*"),
        ([101], r"task\.test_snr_levels is 101; it must be a number from -50 to 100\."),
        ([True], r"task\.test_snr_levels is True; .*"),
        ([5, 5.0], r"task\.test_snr_levels is \[5, 5\.0\]; it must be a list of different numbers\."),
    ],
)
def test_wrong_levels_are_refused(levels: Sequence[float], message: str) -> None:
    with pytest.raises(UserError, match=f"^{message}$"):
        task(test_snr_levels=levels)
