"""The files about a trained network that its task keeps with the run, for example texts that it writes."""

from dataclasses import replace

import torch
from torch import Tensor

from gatebench.outcome import Outcome
from gatebench.task import Batch, Problem
from gatebench.training.network import Network

FOLDER = "outputs"
"""The folder of these files among the artifacts of a run."""


def add_task_artifacts(outcome: Outcome, network: Network, problem: Problem, seed: int) -> Outcome:
    """Return the outcome with the files of `Problem.artifacts`, in the folder `outputs`.

    Args:
        outcome: the outcome of a finished trial.
        network: its network, with the best weights. Its mode is that of evaluation meanwhile.
        problem: the loaded task.
        seed: the seed of the trial.
    """
    device = next(network.parameters()).device

    def answer(batch: Batch) -> Tensor:
        logits: Tensor = network(replace(batch, x=batch.x.to(device), y=batch.y.to(device)))
        return logits

    was_training = network.training
    network.eval()
    with torch.no_grad():
        files = problem.artifacts(answer, seed)
    network.train(was_training)
    named = {f"{FOLDER}/{name}": content for name, content in files.items()}
    return replace(outcome, files={**outcome.files, **named})
