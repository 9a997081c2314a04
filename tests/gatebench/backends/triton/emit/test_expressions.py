from gatebench.backends.triton.emit.expressions import CALLS, Expressions
from gatebench.backends.triton.emit.variables import variable
from gatebench.derive.partials import INDICATORS
from gatebench.spec.expression import FUNCTIONS, Expr, lift, maximum, name, sigmoid, tanh

A, B, C = name("a[t]"), name("b[t]"), name("c[t-1]")


def test_every_operation_of_formulas_has_a_function() -> None:
    assert set(CALLS) == {*FUNCTIONS, *INDICATORS}


def text(formula: Expr) -> str:
    return Expressions([formula], lambda node: variable(node.args[0])).text(formula)


def test_parentheses_keep_the_order_of_the_formula() -> None:
    assert text(A + B + C) == "a_t + b_t + c_before"
    assert text(A + (B + C)) == "a_t + (b_t + c_before)"
    assert text((A - B) * C) == "(a_t - b_t) * c_before"
    assert text(A / (B * C)) == "a_t / (b_t * c_before)"
    assert text(-(A + B)) == "-(a_t + b_t)"
    assert text(A * -B) == "a_t * -b_t"
    assert text(A - lift(-2.0)) == "a_t - (-2.0)"


def test_functions_are_those_of_the_kernels_or_of_triton() -> None:
    assert text(sigmoid(A) + tanh(-B)) == "sigmoid(a_t) + tanh(-b_t)"
    assert text(Expr("exp", (maximum(A, 0.5),))) == "tl.exp(maximum(a_t, 0.5))"


def test_a_part_that_occurs_twice_is_computed_once() -> None:
    shared = tanh(C)
    formulas = [shared * A, 1 - shared * shared]
    written = Expressions(formulas, lambda node: variable(node.args[0]))
    assert written.text(formulas[0]) == "part0 * a_t"
    assert written.take_lines() == ["part0 = tanh(c_before)"]
    assert written.text(formulas[1]) == "1.0 - part0 * part0"
    assert written.take_lines() == []
