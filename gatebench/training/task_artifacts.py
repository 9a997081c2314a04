"""What a task finds out about a trained network after the test: metrics, and files such as texts that it writes."""

from dataclasses import replace

import torch
from torch import Tensor

from gatebench.outcome import Outcome
from gatebench.task import Batch, Problem
from gatebench.training.network import Network

FOLDER = "outputs"
"""The folder of the files among the artifacts of a run."""


class EvaluatedNetwork:
    """A network that reads batches from any device; see `gatebench.task.TrainedNetwork`.

    Args:
        network: the network, in the mode of evaluation.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self.encoder, self.body = network.encoder, network.body
        self.device = next(network.parameters()).device

    def __call__(self, batch: Batch) -> Tensor:
        """Return the logits of a batch."""
        logits: Tensor = self._network(replace(batch, x=batch.x.to(self.device), y=batch.y.to(self.device)))
        return logits


def add_task_artifacts(outcome: Outcome, network: Network, problem: Problem, seed: int) -> Outcome:
    """Return the outcome with the metrics of `Problem.artifacts` as "test/…", and its files in the folder `outputs`.

    Args:
        outcome: the outcome of a finished trial.
        network: its network, with the best weights. Its mode is that of evaluation meanwhile.
        problem: the loaded task.
        seed: the seed of the trial.
    """
    was_training = network.training
    network.eval()
    with torch.no_grad():
        found = problem.artifacts(EvaluatedNetwork(network), seed)
    network.train(was_training)
    metrics = {f"test/{name}": value for name, value in found.metrics.items()}
    files = {f"{FOLDER}/{name}": content for name, content in found.files.items()}
    return replace(outcome, metrics={**outcome.metrics, **metrics}, files={**outcome.files, **files})
