"""Why the network of a trial cannot be built or trained, without training it."""

import torch

from gatebench.errors import Refusal
from gatebench.task import Problem, Stream
from gatebench.training.compiled_loss import check_one_shape
from gatebench.training.network import Network
from gatebench.training.truncation_check import check_truncation
from gatebench.trial import Trial


def network_refusal(trial: Trial, problem: Problem | Stream) -> str:
    """Return why a trial is refused on every machine, as one sentence; "" if it is not. No random number is drawn.

    Args:
        trial: the trial.
        problem: its loaded task.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            check_one_shape(trial.training, problem)
            check_truncation(Network(problem, trial), trial, problem)
        except Refusal as refusal:
            return str(refusal)
    return ""
