"""What the gates of a network do on one example. T time, D directions, H hidden."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from numpy.typing import NDArray

from gatebench.derive.roles import Role, roles
from gatebench.nn.recurrent_parts import joined_trace
from gatebench.task import Example
from gatebench.training.network import Network
from gatebench.trial import Trial


@dataclass(frozen=True)
class ExampleGates:
    """The gates of a network on one example.

    Attributes:
        roles: the roles of the cell's gates.
        layers: for each layer {gate: its values (T, D · H)}.
        directions: D of each layer.
        parts: the name of the recurrent part of each layer; "" in a network with one part.
        answers: the names of the classes with their probabilities, the most probable first; empty without classes.
    """

    roles: tuple[Role, ...]
    layers: tuple[dict[str, NDArray[Any]], ...]
    directions: tuple[int, ...]
    parts: tuple[str, ...]
    answers: tuple[tuple[str, float], ...]

    def values(self, layer: int, role: Role) -> NDArray[Any]:
        """Return the values (T, D · H) of a role that is not fixed: those of the gate, or 1 minus them."""
        gate = self.layers[layer][role.gate]
        return 1 - gate if role.complement else gate


def example_gates(network: Network, trial: Trial, example: Example, answers: Sequence[str]) -> ExampleGates:
    """Run a network on an example and return its gates.

    Args:
        network: the network, in the mode of evaluation.
        trial: its trial.
        example: the example.
        answers: the names of the classes; empty without classes.
    """
    with torch.no_grad():
        logits, recorded = network.forward_with_gates(example.batch)
    trace, stacks = joined_trace(recorded), network.stacks
    parts = tuple(name for name, stack in stacks.items() for _ in range(stack.num_layers))
    sequences = [example.part_sequences.get(part, 0) for part in parts]
    layers = tuple(
        {gate: one[:, sequence].numpy() for gate, one in trace[layer].items()}
        for layer, sequence in zip(sorted(trace), sequences, strict=True)
    )
    probabilities: list[tuple[str, float]] = []
    if answers and logits.shape == (1, len(answers)):
        probabilities = list(zip(answers, logits.softmax(-1)[0].tolist(), strict=True))
    return ExampleGates(
        roles=tuple(roles(trial.build_cell())),
        layers=layers,
        directions=tuple(stack.directions for stack in stacks.values() for _ in range(stack.num_layers)),
        parts=parts,
        answers=tuple(sorted(probabilities, key=lambda one: -one[1])),
    )
