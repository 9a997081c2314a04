from pathlib import Path

import numpy as np
import pytest
import torch

from gatebench.cells import load_cell
from gatebench.training.example_gates import example_gates
from gatebench.training.network import Network
from gatebench.trial import Trial
from tests.gatebench.training.sign import TRIAL, Sign


def test_the_gates_are_those_of_the_network() -> None:
    problem = Sign().load(Path())
    network = Network(problem, TRIAL).eval()
    example = Sign().example(problem, 7, Path())
    found = example_gates(network, TRIAL, example, ("negative", "positive"))
    with torch.no_grad():
        logits, (recorded,) = network.forward_with_gates(problem.test.batch(torch.tensor([7])))
    assert [role.letter for role in found.roles] == ["f", "i", "o", "g"]
    for role in found.roles:
        assert np.array_equal(found.values(0, role), recorded.trace[0][role.gate][:, 0].numpy())
    assert sum(share for _, share in found.answers) == pytest.approx(1)
    assert found.answers[0][0] == ("negative", "positive")[int(logits.argmax())]


def test_a_complement_is_one_minus_its_gate() -> None:
    trial = Trial({"name": "gru", "base": "gru"}, TRIAL.task, TRIAL.model, TRIAL.training)
    problem = Sign().load(Path())
    found = example_gates(Network(problem, trial).eval(), trial, Sign().example(problem, 0, Path()), ())
    assert load_cell("gru").digest == trial.build_cell().digest
    keep = next(role for role in found.roles if role.name == "keep")
    write = next(role for role in found.roles if role.name == "write")
    assert np.allclose(found.values(0, keep) + found.values(0, write), 1)
    assert found.answers == ()
