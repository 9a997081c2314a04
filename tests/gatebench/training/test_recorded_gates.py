from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch

from gatebench.measures import gate_file
from gatebench.measures.gate_sums import TraceSums
from gatebench.outcome import Outcome
from gatebench.task import Split
from gatebench.training.evaluation import Evaluation
from gatebench.training.gradient_lag import gradient_over_lag
from gatebench.training.learner import Learner
from gatebench.training.recorded_gates import add_recorded_gates
from tests.gatebench.training.sign import TRIAL, Sign


@pytest.fixture
def learner() -> Learner:
    torch.manual_seed(0)
    return Learner(TRIAL, Sign().load(Path()))


def sums(learner: Learner, split: Split) -> TraceSums:
    evaluation: Evaluation = learner._new_evaluation()
    with torch.no_grad():
        for part in torch.split(torch.arange(len(split)), 24):
            evaluation.add(learner.network, split.batch(part))
    return cast(TraceSums, evaluation.gate_sums())


def test_metrics_and_arrays_are_those_of_each_split(learner: Learner) -> None:
    problem = learner.problem
    val, test = sums(learner, problem.val), sums(learner, problem.test)
    before = Outcome.of(TRIAL, "finished", metrics={"test/accuracy": 0.5, "gate/l0/keep/f/mean": -1.0})
    outcome = add_recorded_gates(before, learner, problem, val, test)
    arrays = gate_file.read(outcome.files["gates.npz"])
    assert outcome.metrics["test/accuracy"] == 0.5
    assert arrays.roles == ("keep/f", "write/i", "expose/o", "candidate/g")
    for split, prefix in (("val", "gate"), ("test", "test/gate")):
        batch = getattr(problem, split).batch(torch.arange(64))
        values = learner.network.recurrent.trace(batch.x)[2][0]["f"].detach().double().flatten(0, 1).numpy()
        units = arrays.splits[split].gates[0, "f"]
        assert arrays.splits[split].steps == 64 * 6
        np.testing.assert_allclose(units.mean, values.mean(0), rtol=1e-6)
        np.testing.assert_allclose(units.std, values.std(0), rtol=1e-5)
        np.testing.assert_array_equal(units.histogram.sum(1), 64 * 6)
        assert outcome.metrics[f"{prefix}/l0/keep/f/mean"] == pytest.approx(values.mean(), rel=1e-6)


def test_the_gradient_is_in_the_file(learner: Learner) -> None:
    problem = learner.problem
    both = sums(learner, problem.val)
    outcome = add_recorded_gates(Outcome.of(TRIAL, "finished"), learner, problem, both, both)
    expected = gradient_over_lag(learner.network, problem)
    arrays = gate_file.read(outcome.files["gates.npz"])
    np.testing.assert_array_equal(cast(gate_file.Array, arrays.lags), expected.lag.numpy())
    np.testing.assert_array_equal(cast(gate_file.Array, arrays.gradient_norms), expected.norm.numpy())
    assert outcome.metrics.get("gradient/lag_half") == expected.half
    assert outcome.metrics["gradient/reach"] == expected.reach
