"""The constants that the code generator and the C around its output share.

Each constant has one value, in this file. `constants_text` writes all of them as `#define` lines, which stand before
the rest of the C text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

LINE_BYTES = 64
"""Bytes of a line of the cache, and of the widest vector. Memory is aligned to it."""

ACCUMULATORS = {16: 12, 32: 24}
"""By the number of vector registers: how many vectors of sums fit in them beside the numbers that are multiplied."""

ROW_BLOCKS = (24, 12, 8, 6, 4, 3, 2, 1)
"""The numbers of sequences for which a block of products is compiled, largest first."""

DOTS_AT_ONCE = 4
"""How many dots of a stage are summed at once in one block."""

OUTER_UNITS = {registers: accumulators // 4 for registers, accumulators in ACCUMULATORS.items()}
"""By the number of vector registers: units of an operand that one block of weight gradients takes."""

OUTER_VECTORS = 4
"""Vectors of delta that one block of weight gradients takes."""

OUTER_ROWS = 128
"""Rows that one block of weight gradients takes before the next block: their delta fits in the nearest cache."""

EARLY_STEPS = 256
"""Steps of one sequence whose products with x are computed at once, before the time loop reaches them."""

WIDEST = 4
"""Width I of x up to which a cell is run by rows: there is code for each width from 1."""

ROWS_AT_ONCE = 4
"""Sequences that a cell which is run by rows takes at once in its backward pass."""

ROW_GROUPS = 8
"""Most groups of the batch that have sums of weight gradients of their own, in a cell which is run by rows."""


@dataclass(frozen=True)
class ErrorCode:
    """An error that the C code reports in the field `error` of its call.

    Attributes:
        code: the number that C writes.
        exception: the exception that Python raises.
        sentence: its message.
    """

    code: int
    exception: type[Exception]
    sentence: str


ERRORS: Mapping[str, ErrorCode] = {
    "NO_MEMORY": ErrorCode(1, MemoryError, "no memory for the packed weights of a recurrent layer"),
    "UNKNOWN_ROWS": ErrorCode(
        2, RuntimeError, f"The compiled cell has no code for a block of this many sequences; it has {ROW_BLOCKS}."
    ),
    "UNKNOWN_WIDTH": ErrorCode(
        3, RuntimeError, f"The compiled cell has no code for an x of this width; it has code for 1 to {WIDEST}."
    ),
    "UNKNOWN_UNITS": ErrorCode(
        4, RuntimeError, "The compiled cell has no code for a block of weight gradients with this many units."
    ),
    "UNKNOWN_SUM": ErrorCode(
        5, RuntimeError, "The compiled cell was asked for a block of weight gradients without code."
    ),
    "UNKNOWN_VECTOR": ErrorCode(6, RuntimeError, "The compiled cell was asked for a pointwise weight that it lacks."),
}
"""By the name in C: what can go wrong in the compiled code."""


def constants_text() -> str:
    """Return the constants as C. Those that depend on the number of registers have a line for each number."""
    single = {
        "LINE_BYTES": LINE_BYTES,
        "DOTS_AT_ONCE": DOTS_AT_ONCE,
        "OUTER_VECTORS": OUTER_VECTORS,
        "OUTER_ROWS": OUTER_ROWS,
        "EARLY_STEPS": EARLY_STEPS,
        "WIDEST": WIDEST,
        "ROWS_AT_ONCE": ROWS_AT_ONCE,
        "ROW_GROUPS": ROW_GROUPS,
        "ROW_BLOCKS": ", ".join(map(str, ROW_BLOCKS)),
    }
    lines = [f"#define {name} {value}" for name, value in single.items()]
    for name, by_registers in {"ACCUMULATORS": ACCUMULATORS, "OUTER_UNITS": OUTER_UNITS}.items():
        lines += [f"#define {name}_{registers} {value}" for registers, value in by_registers.items()]
    for registers, units in OUTER_UNITS.items():
        cases = " ".join(f"CASE({n}, VECTORS)" for n in range(1, units + 1))
        lines.append(f"#define OUTER_CASES_{registers}(CASE, VECTORS) {cases}")
    errors = ", ".join(f"{name} = {error.code}" for name, error in ERRORS.items())
    return "\n".join([*lines, f"enum {{ {errors} }};", ""])
