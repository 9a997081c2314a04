"""Where values lie: every plane its own, and weight gradients in as few blocks as there are operands."""

import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.fused.emit.memory_layout import memory_layout


def test_an_lstm_has_one_block_of_weight_gradients_for_each_operand() -> None:
    outer_sums = memory_layout(load_cell("lstm").definitions).outer_sums
    assert [(one.operand, len(one.deltas)) for one in outer_sums] == [("h[t-1]", 4), ("x[t]", 4), ("1", 4)]


@pytest.mark.parametrize("cell", cell_names())
def test_no_two_names_share_a_plane_but_one_value_at_two_times(cell: str) -> None:
    seen: dict[tuple[str, int, int, str], str] = {}
    for name, where in memory_layout(load_cell(cell).definitions).places.items():
        plain = name.partition("[")[0]
        assert seen.setdefault((where.stream, where.h_before, where.i_before, where.width), plain) == plain


@pytest.mark.parametrize("cell", cell_names())
def test_every_gate_has_a_place_for_its_trace(cell: str) -> None:
    definitions = load_cell(cell).definitions
    assert tuple(memory_layout(definitions).gates) == definitions.gates


def test_the_memory_of_step_t_lies_a_slot_later_than_that_of_the_step_before() -> None:
    places = memory_layout(load_cell("lstm").definitions).places
    assert (places["c[t]"].shift, places["c[t-1]"].shift) == (1, 0)
