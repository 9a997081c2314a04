"""The forward step as a program: operands get names, a state that is a gate is one value."""

from gatebench import load_cell
from gatebench.derive.program import forward, products
from gatebench.spec.dated import now
from gatebench.spec.expression import name


def test_what_a_product_reads_has_a_name() -> None:
    program = forward(load_cell("gru_before").definitions)
    assert program.operands == ("q0/[t]",)
    assert program.formulas[now("q0/")] == name("r[t]") * name("h[t-1]")
    assert all(p.args[1].op == "name" for f in program.formulas.values() for p in products(f))


def test_a_state_that_is_a_gate_takes_over_its_formula() -> None:
    program = forward(load_cell("rnn_tanh").definitions)
    assert list(program.formulas) == ["h[t]"]
    assert program.aliases == {"n[t]": "h[t]"}


def test_an_operand_has_the_width_that_its_weight_reads() -> None:
    assert forward(load_cell("lstm_attention_input").definitions).widths[now("q0/")] == "I"
