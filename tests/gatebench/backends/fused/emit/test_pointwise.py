"""The pointwise part as C: equal parts are computed once, what is replaced was read before."""

from gatebench import load_cell
from gatebench.backends.fused.emit.memory_layout import MemoryLayout, memory_layout
from gatebench.backends.fused.emit.pointwise import Pointwise


def back(cell: str, unstored: tuple[str, ...] = ()) -> tuple[MemoryLayout, Pointwise]:
    layout = memory_layout(load_cell(cell).definitions)
    stage = layout.backward[0]
    return layout, Pointwise(layout, stage, {dot: f"dot{i}" for i, dot in enumerate(stage.dots)}, unstored)


def test_equal_parts_are_computed_once() -> None:
    assert "\n".join(back("lstm")[1].lines).count("v_tanh(") == 1


def test_all_loads_come_before_all_stores() -> None:
    lines = back("lstm_peephole")[1].lines
    loads = [i for i, line in enumerate(lines) if "= load(" in line]
    stores = [i for i, line in enumerate(lines) if line.startswith(("store(", "store_saved("))]
    assert max(loads) < min(stores)


def test_a_sequence_that_has_ended_leaves_the_carried_adjoints_alone() -> None:
    layout, point = back("lstm")
    assert len(point.zeros) == layout.columns["ring"][0]


def test_what_is_not_stored_is_a_variable() -> None:
    _, point = back("lstm", unstored=("ring",))
    assert not point.zeros
    assert point.local("d/R.i[t]").startswith("y")


def test_both_sides_of_a_sigmoid_share_their_exponential() -> None:
    layout = memory_layout(load_cell("minlstm").definitions)
    stage = layout.forward[0]
    lines = "\n".join(Pointwise(layout, stage, dict.fromkeys(stage.dots, "dot")).lines)
    assert lines.count("v_sigmoid(") == 1
    assert lines.count("decay(") == 1
