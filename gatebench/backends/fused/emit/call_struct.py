"""The arguments of a compiled cell: one table, from which both the C structs and the ctypes structures are made.

A compiled library exports the layout of the structs that it was compiled with. Python compares it with the layout of
its own structures when it loads the library.
"""

from __future__ import annotations

import ctypes
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from gatebench.backends.fused.emit.memory_layout import STREAMS, MemoryLayout

_INTEGER, _POINTER = ctypes.c_int64, ctypes.c_void_p


@dataclass(frozen=True)
class Field:
    """One field of a struct.

    Attributes:
        name: its name, the same in C and Python.
        c_type: the C type of the field, or of one element of it.
        type: the ctypes type of the field, or of one element of it.
        meaning: the comment beside its C declaration.
        count: the constant that says how many elements it has; empty for a single value.
    """

    name: str
    c_type: str
    type: type[Any]
    meaning: str
    count: str = ""


STREAM_FIELDS = (
    Field("data", "real *", _POINTER, "the first number"),
    Field("period", "int64_t ", _INTEGER, "slots; step t lies in slot t % period"),
    Field("columns", "int64_t ", _INTEGER, "numbers in a row"),
)
"""The fields of `Stream`, a table of shape (period, B, columns)."""


class StreamStruct(ctypes.Structure):
    """A stream's buffer, as the compiled code sees it; see `STREAM_FIELDS`."""

    _fields_ = [(field.name, field.type) for field in STREAM_FIELDS]


CALL_FIELDS = (
    Field("T", "int64_t ", _INTEGER, "time steps"),
    Field("B", "int64_t ", _INTEGER, "sequences in the batch"),
    Field("I", "int64_t ", _INTEGER, "width of x"),
    Field("H", "int64_t ", _INTEGER, "width of the state"),
    Field("threads", "int64_t ", _INTEGER, "how many threads to use"),
    Field("ring_steps", "int64_t ", _INTEGER, "steps of the ring: their weight gradients are added up at once"),
    Field("wants_input", "int64_t ", _INTEGER, "1 if the gradient of x is wanted, else 0"),
    Field("wants_start", "int64_t ", _INTEGER, "1 if the gradients of the initial state are wanted, else 0"),
    Field("non_temporal", "int64_t ", _INTEGER, "1 if saved values are written to memory past the caches, else 0"),
    Field("error", "int64_t *", _POINTER, "0, or the code of an error: the compiled code writes it"),
    Field("lengths", "const int64_t *", _POINTER, "(B,) steps of each sequence; NULL if all have T"),
    Field("begun", "real *", _POINTER, "NULL; the compiled code sets it to the sums that begin before the time loop"),
    Field("stream", "Stream ", StreamStruct, "by the number of the stream", "STREAMS"),
    Field("weight", "const real *", _POINTER, "matrices", "WEIGHTS"),
    Field("vector", "const real *", _POINTER, "pointwise weights", "VECTORS"),
    Field("start", "const real *", _POINTER, "(B, H) each, the initial states; NULL in the backward pass", "STATES"),
    Field("final", "real *", _POINTER, "(B, H) each, for the final states; NULL in the backward pass", "STATES"),
    Field("gradient", "real *", _POINTER, "of each weight; NULL where it is not wanted", "PARAMETERS"),
)
"""The fields of `Call`, the only argument of `forward` and `backward`."""


def counts(layout: MemoryLayout) -> dict[str, int]:
    """Return how many streams, weights and so on a cell has, by the name of the constant in C."""
    return {
        "STREAMS": len(STREAMS),
        "WEIGHTS": len(layout.weights),
        "VECTORS": len(layout.vectors),
        "PARAMETERS": len(layout.shapes),
        "OUTER_SUMS": len(layout.outer_sums),
        "STATES": len(layout.derived.forward.memory),
    }


def call_type(layout: MemoryLayout) -> type[Any]:
    """Return the ctypes structure `Call` for one cell."""
    return _structure(tuple(counts(layout).items()))


@cache
def _structure(numbers: tuple[tuple[str, int], ...]) -> type[Any]:
    number = dict(numbers)
    fields = [(f.name, f.type * number[f.count] if f.count else f.type) for f in CALL_FIELDS]
    return type("Call", (ctypes.Structure,), {"_fields_": fields})


def structs_text(layout: MemoryLayout) -> str:
    """Return the C declarations of the streams' numbers, `Stream` and `Call`, and the layout that is exported.

    Sample for lstm::

        enum { STREAMS = 11, WEIGHTS = 8, VECTORS = 4, PARAMETERS = 12, OUTER_SUMS = 3, STATES = 2 };
        typedef struct {
            real *data; /* the first number */
            int64_t period; /* slots; step t lies in slot t % period */
            int64_t columns; /* numbers in a row */
        } Stream;
    """
    streams = ", ".join(map(stream_number, STREAMS))
    numbers = ", ".join(f"{name} = {count}" for name, count in counts(layout).items())
    layout_values = [
        f"sizeof({struct}), {', '.join(f'offsetof({struct}, {field.name})' for field in fields)}"
        for struct, fields in _structs().items()
    ]
    return "\n".join(
        [
            f"enum {{ {streams} }};",
            f"enum {{ {numbers} }};",
            *(_declaration(struct, fields) for struct, fields in _structs().items()),
            f"const int64_t call_layout[] = {{{', '.join(layout_values)}}};",
            "const int64_t call_layout_count = sizeof call_layout / sizeof *call_layout;",
            "",
        ]
    )


def stream_number(stream: str) -> str:
    """Return the name that C gives to the number of a stream."""
    return f"STREAM_{stream.upper()}"


def call_values(
    scalars: Sequence[int],
    streams: Sequence[tuple[int, int, int]],
    weights: Sequence[int],
    vectors: Sequence[int],
    states: Sequence[int],
    gradients: Sequence[int],
) -> array[int]:
    """Return the values of a `Call` in memory. All fields have 8 bytes, so it is an array of whole numbers.

    To set the fields of a ctypes structure one by one takes longer.

    Args:
        scalars: the values of the fields before `stream`, in the order of `CALL_FIELDS`; 0 for NULL.
        streams: address, period and columns of each stream, in the order of `STREAMS`.
        weights: the address of each matrix.
        vectors: the address of each pointwise weight.
        states: the addresses of the initial states, then of the final ones; 0 for NULL.
        gradients: the address of the gradient of each weight; 0 for NULL.
    """
    return array("q", [*scalars, *chain.from_iterable(streams), *weights, *vectors, *states, *gradients])


def layout_of(call: type[Any]) -> list[int]:
    """Return the sizes and offsets of the ctypes structures, in the order in which the C code exports its own."""
    types: Mapping[str, type[Any]] = {"Stream": StreamStruct, "Call": call}
    values = []
    for struct, fields in _structs().items():
        values += [ctypes.sizeof(types[struct]), *(getattr(types[struct], f.name).offset for f in fields)]
    return values


def exported_layout(library: ctypes.CDLL) -> list[int]:
    """Return the sizes and offsets that a library was compiled with; an empty list if it does not say."""
    try:
        count = ctypes.c_int64.in_dll(library, "call_layout_count").value
        return list((ctypes.c_int64 * count).in_dll(library, "call_layout"))
    except ValueError:
        return []


def _structs() -> Mapping[str, Sequence[Field]]:
    return {"Stream": STREAM_FIELDS, "Call": CALL_FIELDS}


def _declaration(struct: str, fields: Sequence[Field]) -> str:
    lines = [f"    {f.c_type}{f.name}{f'[{f.count}]' if f.count else ''}; /* {f.meaning} */" for f in fields]
    return "\n".join(["typedef struct {", *lines, f"}} {struct};"])
