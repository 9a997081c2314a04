"""Training steps and steps of the validation do not wait for the GPU, in any task.

The steps run on a pretended GPU, see `tests.pretend_device`. The recurrent layers are replaced by one matrix product:
their kernels are those of a GPU, and their backends have tests of their own. The limits of the gradient are left out:
on a GPU torch's own functions compute them, which do not wait.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult
from gatebench.backends.lengths import step_mask
from gatebench.nn import recurrent
from gatebench.spec.cell import Cell
from gatebench.task import Batch, Problem, Stream
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.evaluation import Evaluation
from gatebench.training.learner import Learner
from gatebench.trial import Model, Training, Trial
from tasks.text import chunked_cross_entropy
from tests.contracts.rank_curves import small_config
from tests.contracts.test_tasks import CONFIGS
from tests.pretend_device import DEVICE, moved, pretended_gpu


class Waits(NamedTuple):
    """The operations that wait for the GPU in two training steps, and in two steps of the validation."""

    training: list[str]
    validation: list[str]


WAITING: Mapping[str, Waits] = {
    # The Hungarian method, which matches the boxes, runs on the CPU. It reads the costs once in each step.
    "digit_detection": Waits(["a copy to the CPU in tasks/detection/box_loss.py"] * 2, []),
    # ROUGE compares the words of the chosen sentences, on the CPU. It reads the logits and the targets in each step.
    "summaries": Waits([], ["a copy to the CPU in tasks/text/extract_table.py"] * 4),
}
"""The tasks that wait, why, and where. A task that is not listed must not wait."""

VARIANTS: Mapping[str, tuple[str, Mapping[str, Any], Model]] = {
    "characters that carry the state": ("characters", {"carry_state": True}, Model(8)),
    "attention": ("translation", {"attention": "additive"}, Model(8)),
    **{f"{name} in both directions": (name, {}, Model(8, bidirectional=True)) for name in ("sst2", "summaries")},
}
"""Settings of tasks and networks with computations of their own."""


class Product:
    """A backend that computes one product for all steps. It has the shapes of a cell and not its values."""

    NAME = "product"

    def run(
        self,
        cell: Cell,
        weights: Mapping[str, Tensor],
        x: Tensor,
        state: tuple[Tensor, ...],
        lengths: Tensor | None,
        trace: bool,
    ) -> LayerResult:
        output = torch.tanh(x @ weights["W.i"].mT)
        if lengths is not None:
            output = torch.where(step_mask(lengths, x), output, 0.0)
        gates = {gate: output.sigmoid() for gate in cell.gates} if trace else {}
        return LayerResult(output, tuple(part + output[-1] for part in state), gates)


@pytest.fixture(autouse=True)
def product(monkeypatch: pytest.MonkeyPatch) -> None:
    backend: Any = Product()
    monkeypatch.setattr(recurrent, "choose_backends", lambda *_: (backend, backend))


@pytest.mark.parametrize("name", CONFIGS)
def test_no_step_waits_for_the_gpu(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check(name, {}, Model(8, dropout=0.1), tmp_path, monkeypatch)


@pytest.mark.parametrize("variant", VARIANTS)
def test_no_step_of_a_variant_waits(variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, fields, model = VARIANTS[variant]
    check(name, fields, model, tmp_path, monkeypatch)


@pytest.mark.parametrize("name", ["translation", "words"])
def test_no_step_waits_with_a_large_vocabulary(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked_cross_entropy, "LARGE", 1)
    check(name, {}, Model(8), tmp_path, monkeypatch)


def check(name: str, fields: Mapping[str, Any], model: Model, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare the operations that wait with those that are listed, if the data lie on the GPU and if they do not."""
    config = small_config(name, folder / "files", monkeypatch) | dict(fields)
    trial = Trial({"name": "lstm", "base": "lstm"}, config, model, Training(batch_size=5))
    problem = trial.build_task().load(folder / "files", folder / "cache")
    if isinstance(problem, Stream):
        problem = problem.experiences[0]
    wanted = WAITING.get(name, Waits([], []))
    for memory in (2**30, 0):
        monkeypatch.setattr("gatebench.training.resident_splits.free_memory", lambda _, memory=memory: memory)
        for found, listed in zip(waits_of(trial, problem), wanted, strict=True):
            assert [one.partition(": ")[0] for one in found] == listed, found


def waits_of(trial: Trial, problem: Problem) -> Waits:
    """Return the operations that wait in two training steps and in two steps of the validation."""
    torch.manual_seed(0)
    learner = Learner(trial, problem)
    moved(learner)
    optimizer = learner.make_optimizer(learner.parameters())
    with pretended_gpu() as waits:
        data = SplitsDataModule(problem, 5, 0, device="cuda")
        waits.clear()  # the splits are moved once
        for number, batch in enumerate(batches(data, data.train)):
            assert problem.targets(batch) > 0
            loss = learner.training_step(batch, number)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            learner.on_after_backward()
            optimizer.step()
        in_training = list(waits)
        waits.clear()
        learner.eval()
        evaluation = Evaluation(problem, learner.recorder)
        with torch.no_grad():
            for batch in batches(data, data.val):
                evaluation.add(learner.network, batch)
        in_validation = list(waits)
        evaluation.scores()
        assert evaluation.gate_sums() is not None
        assert len(waits) > len(in_validation), "the scores are read once, after the last batch"
    return Waits(in_training, in_validation)


def batches(data: SplitsDataModule, split: Iterable[Batch]) -> list[Batch]:
    """Return the first two batches of a split as the trainer gets them."""
    read = iter(split)
    return [data.transfer_batch_to_device(next(read), DEVICE, 0) for _ in range(2)]
