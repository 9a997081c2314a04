"""Formulas as data: making nodes, order of nodes, replacement, simplification."""

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatebench.spec.expression import (
    ACTIVATIONS,
    FUNCTIONS,
    Expr,
    activate,
    exp,
    lift,
    log,
    log_sigmoid,
    maximum,
    name,
    names,
    ordered,
    relu,
    rewrite,
    sigmoid,
    simplify,
    spell,
    substitute,
    tanh,
    total,
)

a, b = name("a"), name("b")

MEANING: dict[str, Callable[..., float]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "neg": lambda x: -x,
    "sigmoid": lambda x: 0.5 * (1 + math.tanh(x / 2)),
    "tanh": math.tanh,
    "relu": lambda x: x if x > 0 else 0.0,
    "hard_sigmoid": lambda x: min(1.0, max(0.0, (x + 3) / 6)),
    "exp": math.exp,
    "log": math.log,
    "log_sigmoid": lambda x: math.log(0.5 * (1 + math.tanh(x / 2))),
    "maximum": max,
}


def value(node: Expr, at: dict[str, float]) -> float:
    """Return the value of a formula, computed independently of `simplify`."""
    if node.op == "const":
        return float(node.args[0])
    return at[node.args[0]] if node.op == "name" else float(MEANING[node.op](*(value(o, at) for o in node.operands)))


def test_operators_make_nodes() -> None:
    formula = (1 - a) * b / 2 + -a - 3
    assert value(formula, {"a": 0.25, "b": 4.0}) == (1 - 0.25) * 4.0 / 2 + -0.25 - 3
    assert 2 + a == Expr("add", (lift(2), a))
    assert 2 * a == Expr("mul", (lift(2.0), a))
    assert 1 / a == Expr("div", (lift(1), a))
    assert (a + 1).operands == (a, lift(1))
    assert (a.value, lift(3).value) == (None, 3.0)


def test_functions_make_nodes_with_their_names() -> None:
    for function in (sigmoid, tanh, relu, exp, log, log_sigmoid):
        assert function(a) == Expr(function.__name__, (a,))
        assert function.__name__ in FUNCTIONS
    assert maximum(a, 1) == Expr("maximum", (a, lift(1)))
    assert set(ACTIVATIONS) - {"identity"} <= set(FUNCTIONS)


def test_an_update_must_not_branch() -> None:
    with pytest.raises(TypeError, match="must not branch"):
        _ = b if a else a


def test_minus_zero_becomes_zero() -> None:
    assert repr(lift(-0.0)) == repr(lift(0.0))


def test_activate_leaves_no_node_for_the_identity_and_folds_constants() -> None:
    assert activate("identity", a) == a
    assert activate("tanh", a) == Expr("tanh", (a,))
    assert activate("sigmoid", lift(0)) == lift(0.5)


def test_ordered_gives_every_node_once_after_its_operands() -> None:
    shared = a * b
    nodes = ordered([shared + shared, tanh(shared)])
    assert len(nodes) == len(set(nodes)) == 5
    for position, node in enumerate(nodes):
        assert all(nodes.index(operand) < position for operand in node.operands)
    assert list(names(shared + a)) == ["a", "b"]


def test_rewrite_replaces_and_simplifies() -> None:
    assert substitute(a * b + b, {"a": lift(0)}) == b
    assert substitute(a * b, {"a": b, "b": a}) == b * a, "both at once, not one after the other"
    assert rewrite(tanh(a), lambda node: b if node.op == "tanh" else None) == b


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (1 * a, a),
        (a * 1, a),
        (a / 1, a),
        (0 + a, a),
        (a + 0, a),
        (a - 0, a),
        (0 * a, lift(0)),
        (a * 0, lift(0)),
        (0 / a, lift(0)),
        (Expr("matmul", ("R.i", lift(0))), lift(0)),
        (lift(3) - 1, lift(2)),
        (-lift(2), lift(-2)),
        (maximum(1, 2), lift(2)),
        (exp(0), lift(1)),
        (0 - a, 0 - a),
        (a * 2, a * 2),
        (a - a, a - a),
        (lift(1) / 0, lift(1) / 0),
        (log(0), log(0)),
        (exp(1000), exp(1000)),
    ],
)
def test_simplify(node: Expr, expected: Expr) -> None:
    assert simplify(node) == expected


LEAVES = st.one_of(st.sampled_from([a, b]), st.sampled_from([0.0, 1.0, 0.5, -2.0]).map(lift))
UNARY = ["neg", "sigmoid", "tanh", "relu", "hard_sigmoid", "log_sigmoid"]
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(st.sampled_from(["add", "sub", "mul", "maximum"]), st.tuples(inner, inner)),
        st.tuples(st.sampled_from(UNARY), st.tuples(inner)),
    ).map(lambda node: Expr(*node)),
    max_leaves=12,
)


@settings(deadline=None, max_examples=200)
@given(TREES, st.floats(-3, 3), st.floats(-3, 3))
def test_rewriting_changes_no_value(tree: Expr, at_a: float, at_b: float) -> None:
    at = {"a": at_a, "b": at_b}
    expected = value(tree, at)
    rewritten = rewrite(tree, lambda node: None)
    assert value(rewritten, at) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    fixed = substitute(tree, {"a": lift(at_a), "b": lift(at_b)})
    assert fixed.op == "const", "a formula without names is a number"
    assert fixed.value == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_total_adds_from_left_to_right() -> None:
    assert total([a, b, lift(0), a]) == (a + b) + a
    assert total([]) == lift(0)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_spell_is_short_and_reads_back_as_the_same_number(number: float) -> None:
    assert float(spell(number)) == number
    assert [spell(each) for each in (1.0, 0.1, -2.5, 1e-9, 0.1234567890123)] == [
        "1",
        "0.1",
        "-2.5",
        "1e-09",
        "0.1234567890123",
    ]
