import pytest

from gatebench import cell_names, load_cell
from gatebench.backends.triton.emit.plan import gate_names, plan, pointwise_names, vectors
from gatebench.derive.prefixes import arriving
from gatebench.spec.expression import names


def test_the_lstm_holds_its_recurrent_matrices_on_chip() -> None:
    planned = plan(load_cell("lstm").definitions)
    assert planned.forward_weights == ("R.i", "R.f", "R.g", "R.o")
    assert sorted(planned.backward_weights) == ["R.f", "R.g", "R.i", "R.o"]
    assert [(weight, plane.h_before) for weight, plane in planned.hoisted.items()] == [
        ("W.i", 0),
        ("W.f", 1),
        ("W.g", 2),
        ("W.o", 3),
    ]
    assert planned.row_length("hoisted", 5, 3) == 20
    assert vectors(planned.forward.values()) == ("b.i", "b.f", "b.g", "b.o")


def test_a_product_with_a_formula_of_x_stays_in_the_loop() -> None:
    planned = plan(load_cell("lstm_attention_input").definitions)
    assert set(planned.hoisted) == {"W.a"}
    assert {"W.i", "R.a", "R.o"} <= set(planned.forward_weights)
    assert planned.loop_streams[0] == "x"


@pytest.mark.parametrize("name", cell_names())
def test_a_step_back_receives_one_value_for_each_state(name: str) -> None:
    """It reads no delta of the step after: these products were computed at the end of that step."""
    planned = plan(load_cell(name).definitions)
    received = {arriving(m).next for m in planned.memory}
    for defined, formula in planned.backward.items():
        assert {n for n in names(formula) if n.is_next} <= received | {defined.next}
    for formula in planned.arriving.values():
        assert not any(n.is_next for n in pointwise_names(formula) - received)
        assert not received & pointwise_names(formula), "the states' adjoints are replaced one after the other"


def test_gates_that_equal_a_state_are_read_from_it() -> None:
    assert gate_names(plan(load_cell("rnn_tanh").definitions).layout) == {"h[t]"}
