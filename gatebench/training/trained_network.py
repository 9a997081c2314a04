"""The trained network of a trial, from its kept weights."""

from safetensors import SafetensorError
from safetensors.torch import load

from gatebench.errors import UserError
from gatebench.task import Problem
from gatebench.training.network import Network
from gatebench.trial import Trial


def trained_network(trial: Trial, problem: Problem, weights: bytes) -> Network:
    """Return the network of a trial with its kept weights, ready to be evaluated.

    Args:
        trial: the trial.
        problem: its loaded task.
        weights: the content of the file `weights.safetensors`, from any source. Nothing in it is executed.

    Raises:
        UserError: the file is damaged, or does not fit the trial.
    """
    network = Network(problem, trial)
    try:
        network.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError, KeyError, ValueError):
        raise UserError(
            f"The kept weights of the trial {trial.digest} are damaged, or do not fit its network."
        ) from None
    return network.eval()
