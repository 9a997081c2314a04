"""The gates of a layer from its outputs, for backends that compute the outputs only.

If the gates at step t depend on x[t] and h[t-1] alone, all of them follow from the outputs, for all steps at once and
without a second pass through the recurrence. This holds for the cells of the backend `native`.

T time, B batch, I input, H hidden.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from gatebench.backends import reference
from gatebench.errors import Refusal
from gatebench.spec.cell import Cell
from gatebench.spec.dated import DatedName, X, now
from gatebench.spec.expression import names


def gates_of_outputs(
    cell: Cell, weights: Mapping[str, Tensor], x: Tensor, state: tuple[Tensor, ...], output: Tensor
) -> dict[str, Tensor]:
    """Return the values of all gates of one layer in one direction, (T, B, ·) each. No gradient flows through them.

    Args:
        cell: the table.
        weights: by the table's names.
        x: (T, B, I).
        state: the memory before the first step, (B, H) each, in the order of `cell.memory`.
        output: h[t] of all steps, (T, B, H).

    Raises:
        Refusal: a gate reads another state than h.
    """
    unknown = {name for gate in cell.definitions.gates for name in _previous_values(cell, now(gate))}
    if others := sorted(name.label for name in unknown if name.label != cell.memory[0]):
        raise Refusal(f"The gates of {cell.name} do not follow from its outputs; they also read {', '.join(others)}.")
    T, B, _ = x.shape
    with torch.no_grad():
        before = torch.cat([state[0][None], output[:-1]]).flatten(0, 1)
        zeros = torch.zeros_like(before)  # of states that no gate reads
        states = (before, *(zeros for _ in state[1:]))
        gates = reference.run(cell, weights, x.reshape(1, T * B, -1), states, None, True).gates
    return {gate: values.view(T, B, -1) for gate, values in gates.items()}


def _previous_values(cell: Cell, dated: DatedName) -> set[DatedName]:
    """Return the values of the step before that an equation reads, directly or through other equations."""
    found: set[DatedName] = set()
    for name in names(cell.definitions.formulas[dated]):
        if name.is_previous:
            found.add(name)
        elif name != X:
            found |= _previous_values(cell, name)
    return found
