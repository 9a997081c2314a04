"""One pass as C: equal parts are computed once, what is replaced was read before."""

from gatebench import load_cell
from gatebench.derive.emit_pass import pass_text
from gatebench.derive.layout import layout


def run_of(cell: str) -> str:
    plan = layout(load_cell(cell).definitions)
    text = pass_text(plan, "back", plan.step[0])
    return text[text.index("void back_run") :]


def test_equal_parts_are_computed_once() -> None:
    assert run_of("lstm").count("v_tanh(") == 1


def test_all_loads_come_before_all_stores() -> None:
    lines = run_of("lstm_peephole").splitlines()
    loads = [i for i, line in enumerate(lines) if "= load(" in line]
    stores = [i for i, line in enumerate(lines) if "store(" in line and "(vec){0}" not in line]
    assert max(loads) < min(stores)


def test_a_sequence_that_has_ended_leaves_the_carried_adjoints_alone() -> None:
    plan = layout(load_cell("lstm").definitions)
    text = run_of("lstm")
    assert text.count("(vec){0})") == plan.columns["ring"][0]
