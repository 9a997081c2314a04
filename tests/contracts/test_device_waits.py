"""Training steps and steps of the validation do not wait for the GPU.

The steps run on a pretended GPU, see `tests.pretend_device`. The recurrent layers are replaced by one matrix product:
their kernels are those of a GPU, and their backends have tests of their own. The limits of the gradient are left out:
on a GPU torch's own functions compute them, which do not wait.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gatebench.backends.contract import LayerResult
from gatebench.backends.lengths import step_mask
from gatebench.nn import recurrent
from gatebench.spec.cell import Cell
from gatebench.task import Batch, Problem
from gatebench.training.data_module import SplitsDataModule
from gatebench.training.evaluation import Evaluation
from gatebench.training.learner import Learner
from gatebench.trial import Model, Training, Trial
from tests.contracts.rank_curves import task_config
from tests.pretend_device import DEVICE, moved, pretended_gpu

TASKS = ("adding", "copying", "digits", "ett", "jsb_chorales", "parity", "sst2")
"""Tasks that do not wait: one for each kind of split, encoder, head and loss but for networks with a body."""

WAITING = {
    "characters": "tasks/text/next_token.py",
    "reber": "tasks/synthetic/next_symbol.py",
}
"""Tasks that wait, and the module that does: their losses and tallies pick the steps that count out of all steps."""


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


@pytest.mark.parametrize("name", [*TASKS, *WAITING])
def test_no_step_waits_for_the_gpu(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend: Any = Product()
    monkeypatch.setattr(recurrent, "choose_backends", lambda *_: (backend, backend))
    config = task_config(name, tmp_path / "files", monkeypatch)
    trial = Trial({"name": "lstm", "base": "lstm"}, config, Model(8, dropout=0.1), Training(batch_size=5))
    problem = trial.build_task().load(tmp_path / "files", tmp_path / "cache")
    waits = waits_of(trial, problem)
    if name not in WAITING:
        assert waits == []
    else:
        assert any(WAITING[name] in one for one in waits)
        assert all("an index of truth values" in one for one in waits)


def waits_of(trial: Trial, problem: Problem) -> list[str]:
    """Return the operations that wait in two training steps and in two steps of the validation."""
    learner = Learner(trial, problem)
    moved(learner)
    optimizer = learner.make_optimizer(learner.parameters())
    with pretended_gpu() as waits, pytest.MonkeyPatch.context() as patch:
        patch.setattr("gatebench.training.resident_splits.free_memory", lambda _: 2**30)
        data = SplitsDataModule(problem, 5, 0, device="cuda")
        waits.clear()  # the splits are moved once
        for number, batch in enumerate(batches(data, data.train)):
            loss = learner.training_step(batch, number)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            learner.on_after_backward()
            optimizer.step()
        learner.eval()
        evaluation = Evaluation(problem, learner.recorder)
        with torch.no_grad():
            for batch in batches(data, data.val):
                evaluation.add(learner.network, batch)
        found = sorted(set(waits))
        evaluation.scores()
        assert evaluation.gate_sums() is not None
        assert len(waits) > len(found), "the scores are read once, after the last batch"
    return found


def batches(data: SplitsDataModule, split: Any) -> list[Batch]:
    """Return the first two batches of a split as the trainer gets them."""
    read = iter(split)
    return [data.transfer_batch_to_device(next(read), DEVICE, 0) for _ in range(2)]
