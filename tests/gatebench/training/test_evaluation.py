import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gatebench.backends import reference
from gatebench.backends.contract import LayerResult
from gatebench.derive.roles import roles
from gatebench.measures.gate_recorder import GateRecorder
from gatebench.spec.cell import Cell
from gatebench.task import Batch, Problem
from gatebench.training.evaluation import Evaluation
from gatebench.training.network import Network
from tests.gatebench.training.sign import TRIAL, Sign


@pytest.fixture
def problem() -> Problem:
    return Sign().load(Path())


def network(problem: Problem, backend: str = "native") -> Network:
    torch.manual_seed(0)
    return Network(problem, replace(TRIAL, training=replace(TRIAL.training, backend=backend))).eval()


def evaluated(problem: Problem, backend: str, *, record: bool, sizes: tuple[int, ...] = (40, 24)) -> Evaluation:
    built = network(problem, backend)
    found = Evaluation(problem, GateRecorder(roles(built.recurrent.cell)) if record else None)
    with torch.inference_mode():
        for part in torch.split(torch.arange(sum(sizes)), list(sizes)):
            found.add(built, problem.val.batch(part))
    return found


@pytest.mark.parametrize("backend", ["auto", "fused", "native", "manual", "reference"])
def test_recording_does_not_change_the_scores_by_a_bit(problem: Problem, backend: str) -> None:
    with_gates, without = (evaluated(problem, backend, record=record) for record in (True, False))
    assert with_gates.scores() == without.scores()
    assert without.gate_sums() is None
    assert with_gates.gate_sums() is not None


def test_the_gates_of_all_batches_are_recorded(problem: Problem) -> None:
    whole, parts = (
        evaluated(problem, "reference", record=True, sizes=sizes).gate_sums() for sizes in ((64,), (1, 30, 33))
    )
    assert whole is not None
    assert parts is not None
    _, (recorded,) = network(problem, "reference").forward_with_gates(problem.val.batch(torch.arange(64)))
    for gate, values in recorded.trace[0].items():
        expected = values.detach().double().mean((0, 1)).numpy()
        assert whole.gates[0, gate].steps == parts.gates[0, gate].steps == 64 * 6
        np.testing.assert_allclose(whole.gates[0, gate].mean, expected, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(parts.gates[0, gate].mean, expected, rtol=1e-6, atol=1e-9)


def test_the_layer_runs_once_for_each_batch(problem: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []

    def counted(cell: Cell, weights: Mapping[str, Tensor], x: Tensor, *others: Any) -> LayerResult:
        passes.append(x.shape[1])
        return run(cell, weights, x, *others)

    run = reference.run
    monkeypatch.setattr(reference, "run", counted)
    evaluated(problem, "reference", record=True, sizes=(40, 24))
    assert passes == [40, 24]


def test_a_nan_among_the_logits_makes_all_scores_nan(problem: Problem) -> None:
    built = network(problem)
    found = Evaluation(problem, None)
    batch = problem.val.batch(torch.arange(4))
    found.add(built, batch)
    assert 0 <= found.scores()["accuracy"] <= 1
    x = batch.x.clone()
    x[0, 2] = torch.nan
    found.add(built, Batch(x, batch.y))
    assert math.isnan(found.scores()["accuracy"])
