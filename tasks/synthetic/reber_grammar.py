"""The Reber grammar, embedded in one that ends as it began (Reber 1967; Cleeremans et al. 1989; Gers et al. 2000)."""

import numpy as np
from numpy.typing import NDArray

from tasks.synthetic.random_numbers import RandomNumbers

SYMBOLS = "BTSXPVE"
INNER: tuple[dict[str, int], ...] = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)
"""State: {symbol that may come: the state it leads to}; state 7 is the end."""
START = "start"
EMBEDDED: dict[str, dict[str, str]] = {
    START: {"B": "frame"},
    "frame": {"T": "T0", "P": "P0"},
    **{f"{f}{i}": {s: f"{f}{j}" for s, j in arrows.items()} for f in "TP" for i, arrows in enumerate(INNER)},
    **{f"{f}{len(INNER)}": {f: "last"} for f in "TP"},
    "last": {"E": START},
}
"""The same for the whole string: B, T or P, a string of the inner grammar, the same T or P again, E, and anew."""

_STATES = {name: number for number, name in enumerate(EMBEDDED)}
_ARROWS = [[(SYMBOLS.index(s), _STATES[to]) for s, to in arrows.items()] for arrows in EMBEDDED.values()]
# (states, 2): what each of two equally likely draws gives; where one symbol alone may come, both give it.
_SYMBOL, _NEXT = np.array([[arrows[0], arrows[-1]] for arrows in _ARROWS]).transpose(2, 0, 1)
_LEGAL = np.array([[symbol in arrows for symbol in SYMBOLS] for arrows in EMBEDDED.values()])

Walk = tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]


def walk(draw: RandomNumbers, count: int, steps: int | None) -> Walk:
    """Draw strings of the embedded grammar; where two symbols may come, each does with probability 1/2.

    Args:
        draw: the source.
        count: N, how many.
        steps: T, for endless streams of strings cut after so many symbols; None for single strings.

    Returns:
        The symbols' numbers (N, T), which of them may come behind each (N, T, 7), and the lengths (N,); behind the end
        of a string are symbols of further ones.
    """
    state = np.zeros(count, np.int64)
    lengths = np.full(count, steps or 0, np.int64)
    symbols: list[NDArray[np.int64]] = []
    legal: list[NDArray[np.bool_]] = []
    while len(symbols) != steps if steps else not lengths.all():
        drawn = draw.whole(2, count)
        symbols.append(_SYMBOL[state, drawn])
        state = _NEXT[state, drawn]
        legal.append(_LEGAL[state])
        lengths[(lengths == 0) & (state == _STATES[START])] = len(symbols)
    return np.stack(symbols, 1), np.stack(legal, 1), lengths
