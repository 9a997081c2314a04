from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from gatebench.cells import load_cell
from gatebench.errors import UserError
from gatebench.training.example_gates import example_gates, trained_network
from gatebench.training.network import Network
from gatebench.trial import Trial
from tests.gatebench.training.sign import TRIAL, Sign


def network_and_weights() -> tuple[Network, bytes]:
    problem = Sign().load(Path())
    torch.manual_seed(3)
    network = Network(problem, TRIAL)
    return network.eval(), save(network.state_dict())


def test_the_network_has_the_kept_weights() -> None:
    network, weights = network_and_weights()
    problem = Sign().load(Path())
    torch.manual_seed(4)
    loaded = trained_network(TRIAL, problem, weights)
    assert not loaded.training
    batch = problem.test.batch(torch.arange(5))
    with torch.no_grad():
        assert torch.equal(loaded(batch), network(batch))


@pytest.mark.parametrize("weights", [b"", b"no weights", save({"other": torch.zeros(2)})])
def test_weights_that_do_not_fit_are_refused(weights: bytes) -> None:
    with pytest.raises(UserError, match="are damaged, or do not fit its network"):
        trained_network(TRIAL, Sign().load(Path()), weights)


def test_the_gates_are_those_of_the_network() -> None:
    network, _ = network_and_weights()
    problem = Sign().load(Path())
    example = Sign().example(problem, 7, Path())
    found = example_gates(network, TRIAL, example, ("negative", "positive"))
    with torch.no_grad():
        logits, trace = network.forward_with_gates(problem.test.batch(torch.tensor([7])))
    assert [role.letter for role in found.roles] == ["f", "i", "o", "g"]
    for role in found.roles:
        assert np.array_equal(found.values(0, role), trace[0][role.gate][:, 0].numpy())
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
