"""What the witnesses share: types, the logistic function and the bookkeeping of a loop. No equation of any cell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Arrays = dict[str, Array]
Step = tuple[Arrays, Arrays]
"""One time step: new states and gates, each (B, H)."""
Trace = dict[str, Arrays]
"""{"states": {name: (T, B, H)}, "gates": {name: (T, B, H)}}."""
Witness = Callable[[Array, Arrays, Arrays], Trace]
"""(x (T, B, I), initial states {name: (B, H)}, parameters) -> Trace."""
Entry = tuple[Witness, str, str]
"""(witness, its states, its parameters in the short notation that `tests.witness.shapes` spells out)."""


def sigmoid(a: Array) -> Array:
    """σ(a) = 1 / (1 + exp(-a)), without overflow for any a."""
    return np.exp(-np.logaddexp(0.0, -a))


def stack(steps: list[Step]) -> Trace:
    """The steps of a loop, stacked over time."""
    states, gates = steps[0]
    return {
        "states": {name: np.stack([step[0][name] for step in steps]) for name in states},
        "gates": {name: np.stack([step[1][name] for step in steps]) for name in gates},
    }
