from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from gatebench.errors import UserError
from gatebench.training.network import Network
from gatebench.training.trained_network import trained_network
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
