"""Several stacks of recurrent layers in one network, for example an encoder and a decoder. They all have the same cell.

T time, B batch, I input, H hidden, D directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from torch import Tensor, nn

from gatebench.errors import UserError
from gatebench.nn.recurrent import Recurrent, State, Trace


class RecordedGates(NamedTuple):
    """The gates of one call of a part.

    Attributes:
        trace: {layer: {gate: (T, B, D · H)}}. The layers of all parts of a network are numbered together.
        lengths: (B,) the valid steps of each sequence; None if all have T.
    """

    trace: Trace
    lengths: Tensor | None


class RecurrentPart(nn.Module):
    """A named stack of recurrent layers.

    Args:
        name: the name of the part.
        recurrent: its layers.
        first_layer: the number of its first layer among the layers of all parts.

    Attributes:
        recorded: the gates of each call since the recording began; None if nothing is recorded.
    """

    def __init__(self, name: str, recurrent: Recurrent, first_layer: int) -> None:
        super().__init__()
        self.name, self.recurrent, self.first_layer = name, recurrent, first_layer
        self.recorded: list[RecordedGates] | None = None

    def forward(self, x: Tensor, state: State | None = None, lengths: Tensor | None = None) -> tuple[Tensor, State]:
        """Run the layers; see `Recurrent.forward`. The result is the same, bit for bit, if the gates are recorded."""
        if self.recorded is None:
            output, final = self.recurrent(x, state, lengths)
            return output, final
        output, final, trace = self.recurrent.forward_with_gates(x, state, lengths)
        self.recorded.append(RecordedGates({self.first_layer + n: gates for n, gates in trace.items()}, lengths))
        return output, final


class RecurrentParts:
    """Makes the parts of a network. A task asks for each of them by its name.

    Args:
        make: returns the recurrent layers for an input of size I, if they are bidirectional or not.
        hidden_size: H.
        dropout: the dropout of the trial, for the layers that the task adds.
        directions: D, 2 if the trial asks for bidirectional layers.
    """

    def __init__(
        self, make: Callable[[int, bool], Recurrent], hidden_size: int, dropout: float, directions: int
    ) -> None:
        self._make, self.hidden_size, self.dropout, self.directions = make, hidden_size, dropout, directions
        self.parts: dict[str, RecurrentPart] = {}

    def add(self, name: str, input_size: int, *, causal: bool = False) -> RecurrentPart:
        """Return a new part, whose initial weights are drawn after those of the parts before it.

        Args:
            name: its name, different from those of the other parts.
            input_size: I.
            causal: whether it only runs forward, as a decoder does. Otherwise it has the directions of the trial.

        Raises:
            UserError: there is a part with this name.
        """
        if name in self.parts:
            raise UserError(f"The network has two parts with the name {name!r}.")
        recurrent = self._make(input_size, self.directions == 2 and not causal)
        first_layer = sum(part.recurrent.num_layers for part in self.parts.values())
        self.parts[name] = RecurrentPart(name, recurrent, first_layer)
        return self.parts[name]


@contextmanager
def recording(parts: list[RecurrentPart]) -> Iterator[list[RecordedGates]]:
    """Record the gates of parts in the block. The value is a list that has the gates of all calls after the block."""
    found: list[RecordedGates] = []
    for part in parts:
        part.recorded = []
    try:
        yield found
    finally:
        for part in parts:
            found += part.recorded or []
            part.recorded = None


def joined_trace(recorded: list[RecordedGates]) -> Trace:
    """Return the gates of all layers; of a part that was called several times, those of its last call."""
    return {layer: gates for one in recorded for layer, gates in one.trace.items()}
