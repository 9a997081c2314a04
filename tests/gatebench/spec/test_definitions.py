"""The equations of a table: inserted constants, removed equations, and errors."""

from collections.abc import Callable
from typing import Any

import pytest

from gatebench import Cell, Gate, load_cell
from gatebench.errors import UserError
from gatebench.spec.dated import now
from gatebench.spec.expression import lift, name, sigmoid, tanh


def make(states: tuple[str, ...], gates: dict[str, Gate], update: Callable[..., Any], **more: Any) -> Cell:
    return Cell("mine", "a test", states, gates, update, **more)


def test_equations_of_a_known_cell() -> None:
    definitions = load_cell("lstm").definitions
    assert list(definitions.formulas) == ["i[t]", "f[t]", "g[t]", "o[t]", "c[t]", "h[t]"]
    assert definitions.formulas[now("h")] == name("o[t]") * tanh(name("c[t]")), "h refers to the new c, once computed"
    assert definitions.formulas[now("c")] == name("f[t]") * name("c[t-1]") + name("i[t]") * name("g[t]")
    assert definitions.gates == ("i", "f", "g", "o")
    assert definitions.memory == ("h", "c")
    assert definitions.constants == {}
    assert not definitions.square


def test_parameters_have_symbolic_shapes_by_name() -> None:
    assert load_cell("lstm_cifg").parameters == {
        **{"W.i": ("H", "I"), "b.i": ("H",), "R.i": ("H", "H"), "p.i": ("H",)},
        **{"W.g": ("H", "I"), "b.g": ("H",), "R.g": ("H", "H")},
        **{"W.o": ("H", "I"), "b.o": ("H",), "R.o": ("H", "H"), "p.o": ("H",)},
    }
    attention = load_cell("lstm_attention_input").parameters
    assert [attention[each] for each in ("W.a", "R.a", "b.a", "W.i")] == [("I", "I"), ("I", "H"), ("I",), ("H", "I")]


def test_a_gate_is_computed_after_the_new_state_that_it_sees() -> None:
    order = list(load_cell("lstm_peephole").definitions.formulas)
    assert order.index(now("c")) < order.index(now("o")) < order.index(now("h"))


def test_gates_that_are_read_in_the_next_step_are_memory() -> None:
    assert load_cell("lstm_fgr").memory == ("h", "c", "i", "f", "o")
    assert load_cell("gru").tie("z", "r[t-1]").memory == ("h", "r")


def test_a_gate_that_reads_only_constants_is_constant() -> None:
    cell = load_cell("lstm").fix("i", 1).tie("f", "1 - i")
    assert cell.definitions.constants == {"i": 1.0, "f": 0.0}
    assert cell.definitions.formulas[now("c")] == name("g[t]"), "f = 1 - 1 = 0 removes the term with c[t-1]"
    assert cell.digest == load_cell("lstm").fix("i", 1).fix("f", 0).digest


def test_functions_of_constants_and_gates_without_terms_are_constant() -> None:
    janet = load_cell("janet").fix("s", 0)
    assert janet.definitions.constants["f"] == 0.5
    assert set(janet.parameters) == {"W.g", "R.g", "b.g"}
    bare = load_cell("lstm").connect("i", inputs=None, recurrent=None).bias("i", None)
    assert bare.definitions.constants == {"i": 0.5}


def test_a_constant_reset_gate_leaves_no_second_bias() -> None:
    assert "d.n" in load_cell("gru").parameters
    assert "d.n" not in load_cell("gru").fix("r", 1).parameters
    assert "d.n" not in load_cell("gru").tie("r", "2 / 2").parameters
    assert load_cell("gru").fix("r", 1).digest == load_cell("gru").connect("n", after=None).digest


def test_gates_that_no_state_needs_are_removed() -> None:
    cell = load_cell("lstm").fix("i", 0)
    assert cell.definitions.gates == ("f", "o")
    assert {weight.partition(".")[2] for weight in cell.parameters} == {"f", "o"}


def test_states_that_are_equal_are_computed_once() -> None:
    cell = make(("h", "c"), {"n": Gate("tanh")}, lambda h, c, n: (n * c + 1, n * c + 1))
    assert cell.definitions.formulas[now("c")] == name("h[t]")


def test_square() -> None:
    assert {
        each for each in ("mut1", "mut2", "mut3", "lstm_attention_input") if load_cell(each).definitions.square
    } == {
        "mut1",
        "mut2",
    }
    assert load_cell("lstm").connect("i", matrix="diagonal", recurrent="x").definitions.square
    assert load_cell("lstm").tie("f", "x").definitions.square


def test_a_gate_as_wide_as_the_input_that_is_carried_needs_equal_sizes() -> None:
    assert load_cell("lstm_attention_input").connect("i", gates="a").definitions.square


def test_the_canonical_text_depends_on_neither_names_nor_the_order_of_gates() -> None:
    lstm = load_cell("lstm")
    gates = dict(reversed(list(lstm.gates.items())))
    turned = Cell("other", "elsewhere", lstm.states, gates, lstm.update)
    assert turned.definitions.text() == lstm.definitions.text()
    swapped = make(("c", "h"), dict(lstm.gates), tuple(reversed(lstm.update_formulas)))  # type: ignore[arg-type]
    assert swapped.definitions.text() != lstm.definitions.text(), "another state is the output"


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: make((), {}, lambda: ()), "mine has no state"),
        (lambda: make(("h",), {"h": Gate()}, (name("h"),)), "'h' cannot name a state or a gate"),  # type: ignore[arg-type]
        (lambda: make(("x",), {}, lambda x: (x,)), "'x' cannot name .* not x, t, out"),
        (lambda: make(("h h",), {}, (name("h"),)), "'h h' cannot name"),  # type: ignore[arg-type]
        (lambda: make(("h", "c"), {}, lambda h, c: (h,)), "update must return one value for each of h, c"),
        (lambda: make(("h",), {"i": Gate()}, lambda h, i: (i * name("z"),)), "no name 'z' in the formulas of mine"),
        (lambda: load_cell("lstm").connect("i", recurrent="q"), "no name 'q' in the formulas of lstm"),
        (lambda: load_cell("lstm").connect("i", inputs="x[t-1]"), r"no name 'x\[t-1\]' in the formulas of lstm"),
        (
            lambda: load_cell("lstm").connect("i", peephole="q[t]"),
            r"no state 'q\[t\]' of lstm.* for the peephole of 'i'",
        ),
        (lambda: load_cell("lstm").connect("i", peephole="2 * c"), "for the peephole of 'i'"),
        (lambda: load_cell("lstm").connect("i", after="q"), "no gate 'q' of lstm"),
        (lambda: load_cell("lstm").connect("i", gates=["i", "q"]), "no gate 'q' of lstm"),
        (lambda: load_cell("lstm").connect("i", peephole="h[t]"), r"h\[t\] → o\[t\]|i\[t\] → .* is a circle"),
        (lambda: load_cell("lstm").tie("i", "1 - f").tie("f", "1 - i"), "is a circle"),
        (lambda: load_cell("lstm").tie("i", "i"), r"i\[t\] → i\[t\] is a circle"),
        (
            lambda: load_cell("lstm").connect("i", inputs="1"),
            "W.i would multiply a number, 1.0; connect it to a state",
        ),
        (lambda: load_cell("gru").fix("r", 0.5).connect("z", recurrent="r"), "R.z would multiply a number, 0.5"),
        (lambda: load_cell("lstm").tie("f", "1 / i").fix("i", 0), r"f\[t\] needs a number that is not finite"),
        (lambda: load_cell("lstm").tie("f", "i / 0"), "needs a number that is not finite"),
        (lambda: load_cell("lstm").tie("f", "log(0) * i"), "needs a number that is not finite"),
        (lambda: load_cell("lstm").tie("f", "exp(900) * i"), "needs a number that is not finite"),
        (lambda: load_cell("lstm").tie("f", "1e29 * 1e29 * i"), "or not below 1e\\+30"),
    ],
)
def test_a_wrong_table_raises_an_error_of_one_sentence(build: Callable[[], Cell], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        build()


def test_a_product_with_zero_is_removed_with_its_weights() -> None:
    assert "R.n" not in load_cell("gru_before").fix("r", 0).parameters
    assert (
        load_cell("lstm").connect("i", recurrent="0").definitions.formulas[now("i")]
        == load_cell("lstm").connect("i", recurrent=None).definitions.formulas[now("i")]
    )
    assert sigmoid(lift(0)) == sigmoid(lift(-0.0))
