"""The arguments of a compiled cell: C and ctypes have them from one table."""

import ctypes

import pytest

from gatebench import load_cell
from gatebench.backends.fused.emit.call_struct import (
    CALL_FIELDS,
    call_type,
    call_values,
    counts,
    exported_layout,
    layout_of,
    structs_text,
)
from gatebench.backends.fused.emit.memory_layout import MemoryLayout, memory_layout
from gatebench.machine.c_compiler import load

HEADER = "#include <stddef.h>\n#include <stdint.h>\ntypedef float real;\n"


def layout(cell: str) -> MemoryLayout:
    return memory_layout(load_cell(cell).definitions)


@pytest.mark.parametrize("cell", ["lstm", "lstm_peephole", "gru"])
def test_c_and_ctypes_agree_about_every_offset(cell: str) -> None:
    library = load(HEADER + structs_text(layout(cell)), "fused")
    assert exported_layout(library) == layout_of(call_type(layout(cell)))


def test_two_fields_in_another_order_are_another_layout() -> None:
    text = structs_text(layout("lstm"))
    first, second = "    int64_t T; /* time steps */\n", "    int64_t B; /* sequences in the batch */\n"
    assert first + second in text
    library = load(HEADER + text.replace(first + second, second + first), "fused")
    assert exported_layout(library) != layout_of(call_type(layout("lstm")))


def test_a_library_that_does_not_export_its_layout_has_none() -> None:
    assert exported_layout(load("int nothing;\n", "fused")) == []


def test_fields_are_set_by_name() -> None:
    call = call_type(layout("lstm"))(T=3, H=5)
    assert (call.T, call.B, call.H) == (3, 0, 5)
    assert len(call.weight) == counts(layout("lstm"))["WEIGHTS"] == 8
    assert all(gradient is None for gradient in call.gradient)


def test_every_field_takes_whole_words() -> None:
    assert all(ctypes.sizeof(field.type) % 8 == 0 for field in CALL_FIELDS)


def test_a_gate_less_is_a_quarter_of_the_weights_less() -> None:
    plain, ablated = (
        structs_text(memory_layout(cell.definitions)) for cell in (load_cell("lstm"), load_cell("lstm").fix("i", 1))
    )
    assert "WEIGHTS = 8" in plain
    assert "WEIGHTS = 6" in ablated


def test_the_values_of_a_call_lie_where_the_fields_are() -> None:
    own = layout("lstm")
    number = counts(own)
    scalars = list(range(1, 13))
    streams = [(100 + i, 200 + i, 300 + i) for i in range(number["STREAMS"])]
    fields = {"weight": "WEIGHTS", "vector": "VECTORS", "start": "STATES", "final": "STATES", "gradient": "PARAMETERS"}
    addresses = {
        field: list(range(400 + 100 * place, 400 + 100 * place + number[name]))
        for place, (field, name) in enumerate(fields.items())
    }
    states = [*addresses["start"], *addresses["final"]]
    values = call_values(scalars, streams, addresses["weight"], addresses["vector"], states, addresses["gradient"])
    call = call_type(own).from_buffer_copy(values)
    names = [field.name for field in CALL_FIELDS]
    assert [getattr(call, name) for name in names[: names.index("stream")]] == scalars
    assert [(one.data, one.period, one.columns) for one in call.stream] == streams
    assert {field: list(getattr(call, field)) for field in fields} == addresses
    assert ctypes.sizeof(call) == len(values) * values.itemsize
