"""The embedded Reber grammar: the second symbol of a string returns before its end.

Reber 1967; Cleeremans et al. 1989; Gers et al. 2000.
"""

import numpy as np
from numpy.typing import NDArray

from tasks.blocks.random_numbers import RandomNumbers

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
"""The inner grammar. For each state: the allowed symbols and the next state of each. State 7 is the end."""

START = "start"
EMBEDDED: dict[str, dict[str, str]] = {
    START: {"B": "second"},
    "second": {"T": "T0", "P": "P0"},
    **{
        f"{second}{state}": {symbol: f"{second}{following}" for symbol, following in transitions.items()}
        for second in "TP"
        for state, transitions in enumerate(INNER)
    },
    **{f"{second}{len(INNER)}": {second: "last"} for second in "TP"},
    "last": {"E": START},
}
"""The embedded grammar, as INNER: B, then T or P, a string of the inner grammar, the same T or P again, and E.

A state within the inner grammar is named by the second symbol and the inner state. After E the next string begins.
"""

_NUMBER_OF = {state: number for number, state in enumerate(EMBEDDED)}
_TRANSITIONS = [
    [(SYMBOLS.index(symbol), _NUMBER_OF[following]) for symbol, following in transitions.items()]
    for transitions in EMBEDDED.values()
]
# (states, 2) each: the symbol and the next state for each of two equally likely draws. If only one symbol is allowed,
# both draws give it.
_SYMBOL, _NEXT = np.array([[choices[0], choices[-1]] for choices in _TRANSITIONS]).transpose(2, 0, 1)
_LEGAL = np.array([[symbol in transitions for symbol in SYMBOLS] for transitions in EMBEDDED.values()])

Strings = tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]


def draw_strings(draw: RandomNumbers, count: int, steps: int | None) -> Strings:
    """Return random strings of the embedded grammar. If two symbols are allowed, each has probability 1/2.

    Args:
        draw: the random numbers.
        count: N.
        steps: T for streams of strings that end after T symbols; None for single strings.

    Returns:
        The numbers of the symbols (N, T), whether each symbol is allowed after each step (N, T, 7), and the lengths
        (N,). A row continues with further strings after the end of its first string.
    """
    state = np.zeros(count, np.int64)
    lengths = np.full(count, steps or 0, np.int64)
    symbols: list[NDArray[np.int64]] = []
    legal: list[NDArray[np.bool_]] = []
    while len(symbols) != steps if steps else not lengths.all():
        drawn = draw.integers(2, count)
        symbols.append(_SYMBOL[state, drawn])
        state = _NEXT[state, drawn]
        legal.append(_LEGAL[state])
        lengths[(lengths == 0) & (state == _NUMBER_OF[START])] = len(symbols)
    return np.stack(symbols, 1), np.stack(legal, 1), lengths
