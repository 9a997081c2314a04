"""Witnesses from outside: every cell once more, transcribed from its paper as a plain float64 numpy loop.

The benchmark derives reference, kernels and counts from one table of gates, so a wrong table would pass every agreement
test. These loops share no code with it (a test sees to that), and next to none with one another.

    WITNESSES["lstm_cifg"](x, state, p) -> {"states": {"h": (T, B, H), "c": ...}, "gates": {"i": (T, B, H), ...}}

T time, B batch, I input, H hidden. x is (T, B, I); `state` maps each of `states(name)` to its initial (B, H); `p` maps
each of `shapes(name, I, H)` to its array. The states that come back are those *after* each step. A gate that is fixed
is not reported, a gate that is tied to others is.

The one convention that is shared with the rest, and matrices apply as x @ W.T:

- "W.<gate>" (H, I)        input matrix
- "R.<gate>" (H, H)        recurrent matrix; for indrnn the vector u, (H,)
- "R.<source>.<gate>" (H, H)  from a gate of the last step into a gate (full gate recurrence)
- "b.<gate>" (H,)          bias
- "p.<gate>" (H,)          peephole
- "d.<gate>" (H,)          bias inside the reset product: n = tanh(W x + b + r ⊙ (R h + d))

The gate "a" of lstm_attention_input has the size of the input: I takes the place of H as its number of rows.
"""

from __future__ import annotations

import numpy as np

from . import exponential, greff, gru, jozefowicz, lstm, minimal, parallel, plain, variants
from .notation import Array, Arrays, Entry, Trace, Witness

__all__ = ["RAW_INPUT", "WITNESSES", "Array", "Arrays", "Trace", "Witness", "draw", "shapes", "states"]

_CELLS: dict[str, Entry] = {
    name: entry
    for family in (plain, lstm, greff, jozefowicz, gru, minimal, parallel, exponential, variants)
    for name, entry in family.CELLS.items()
}

WITNESSES: dict[str, Witness] = {name: entry[0] for name, entry in _CELLS.items()}

RAW_INPUT = frozenset({"mut1", "mut2"})
"""Cells that add x itself to something of size H: they need I = H."""


def states(name: str) -> tuple[str, ...]:
    """The states of a cell; the first is its output."""
    return tuple(_CELLS[name][1].split())


def shapes(name: str, I: int, H: int) -> dict[str, tuple[int, ...]]:  # noqa: E741 - the field's letter
    """The parameters of a cell and their shapes.

    Raises:
        ValueError: the cell uses the raw input and I is not H.
    """
    if name in RAW_INPUT and I != H:
        raise ValueError(f"{name} adds the raw input to its state's size: I must be H, not {I} and {H}")
    found: dict[str, tuple[int, ...]] = {}
    for token in _CELLS[name][2].split():
        kinds, gate = token.split(".", 1)
        rows = I if gate == "a" else H
        for kind in kinds:
            if kind == "u":
                found[f"R.{gate}"] = (rows,)
            else:
                found[f"{kind}.{gate}"] = {"W": (rows, I), "R": (rows, H)}.get(kind, (rows,))
    return found


def draw(
    name: str,
    seed: int,
    T: int = 7,
    B: int = 3,
    I: int = 5,  # noqa: E741
    H: int = 4,
    scale: float = 0.6,
) -> tuple[Array, Arrays, Arrays]:
    """A seeded (x, state, p) for a cell: Gaussian, none zero, states too. I becomes H where the cell needs it.

    The normaliser of slstm is drawn positive, as it is in any state that can be reached.
    """
    rng = np.random.default_rng(seed)
    inputs = H if name in RAW_INPUT else I
    x = rng.standard_normal((T, B, inputs))
    state = {each: rng.standard_normal((B, H)) for each in states(name)}
    if "n" in state:
        state["n"] = 0.5 + np.abs(state["n"])
    p = {each: scale * rng.standard_normal(shape) for each, shape in shapes(name, inputs, H).items()}
    return x, state, p
