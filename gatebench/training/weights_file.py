"""The weights of a trained network as a safetensors file: no pickle, so that reading it executes nothing."""

import json
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from gatebench.outcome import Outcome
from gatebench.task import Problem
from gatebench.training.network import Network

FILE_NAME = "weights.safetensors"

LARGEST = 16 * 2**20
"""The largest number of bytes of the weights that are kept with a run. Larger ones are kept in the home."""


def add_weights(outcome: Outcome, network: Network, problem: Problem, home: Path) -> Outcome:
    """Return the outcome with the weights in its files, and in the fact "weights" where they are kept.

    Weights of more than `LARGEST` bytes are written to the file `weights/DIGEST.safetensors` below the home instead.
    The file's metadata has the shapes and types of input and output; T and B are -1 there.

    Args:
        outcome: the outcome of a finished trial.
        network: its network, with the best weights.
        problem: the loaded task.
        home: the home.
    """
    weights = network.state_dict()
    size = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
    content = save(tensors, _signature(network, problem))
    if size > LARGEST:
        file = home / "weights" / f"{outcome.digest}.safetensors"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        fact = f"They have {size:,} bytes and are in the home as weights/{file.name}; a run keeps at most {LARGEST:,}."
        return replace(outcome, facts={**outcome.facts, "weights": fact})
    facts = {**outcome.facts, "weights": f"They are kept with the run, {size:,} bytes."}
    return replace(outcome, facts=facts, files={**outcome.files, FILE_NAME: content})


def _signature(network: Network, problem: Problem) -> dict[str, str]:
    """Return the shapes and types of the network's input and output, from one example of the test split."""
    device = next(network.parameters()).device
    batch = problem.test.batch(torch.tensor([0]))
    was_training = network.training
    network.eval()
    with torch.no_grad():
        logits = network(replace(batch, x=batch.x.to(device)))
    network.train(was_training)
    steps = batch.x.shape[0]
    output = [-1, -1, *logits.shape[2:]] if logits.dim() > 2 and logits.shape[0] == steps else [-1, *logits.shape[1:]]
    return {
        "input": json.dumps({"dtype": _name(batch.x), "shape": [-1, -1, *batch.x.shape[2:]]}),
        "output": json.dumps({"dtype": _name(logits), "shape": output}),
    }


def _name(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
