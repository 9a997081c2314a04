"""The pointwise part as C: equal parts are computed once, what is replaced was read before."""

from gatebench import load_cell
from gatebench.backends.fused.emit.memory_layout import MemoryLayout, memory_layout
from gatebench.backends.fused.emit.pointwise import Pointwise


def back(cell: str, unstored: tuple[str, ...] = ()) -> tuple[MemoryLayout, Pointwise]:
    plan = memory_layout(load_cell(cell).definitions)
    step = plan.step[0]
    return plan, Pointwise(plan, step, {dot: f"dot{i}" for i, dot in enumerate(step.dots)}, unstored)


def test_equal_parts_are_computed_once() -> None:
    assert "\n".join(back("lstm")[1].lines).count("v_tanh(") == 1


def test_all_loads_come_before_all_stores() -> None:
    lines = back("lstm_peephole")[1].lines
    loads = [i for i, line in enumerate(lines) if "= load(" in line]
    stores = [i for i, line in enumerate(lines) if line.startswith(("store(", "keep("))]
    assert max(loads) < min(stores)


def test_a_sequence_that_has_ended_leaves_the_carried_adjoints_alone() -> None:
    plan, point = back("lstm")
    assert len(point.zeros) == plan.columns["ring"][0]


def test_what_is_not_stored_is_a_variable() -> None:
    _, point = back("lstm", unstored=("ring",))
    assert not point.zeros
    assert point.local("d/R.i[t]").startswith("y")


def test_both_sides_of_a_sigmoid_share_their_exponential() -> None:
    plan = memory_layout(load_cell("minlstm").definitions)
    step = plan.forward[0]
    lines = "\n".join(Pointwise(plan, step, dict.fromkeys(step.dots, "dot")).lines)
    assert lines.count("v_sigmoid(") == 1
    assert lines.count("decay(") == 1
