"""Derivatives of the elementwise operations, compared with finite differences, and their values at jumps."""

import math
from collections.abc import Callable

import pytest

from gatebench.derive.partials import negated, partials, times
from gatebench.spec.expression import FUNCTIONS, Expr, lift, name

NUMBERS: dict[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: -a,
    "sigmoid": lambda a: 1 / (1 + math.exp(-a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "hard_sigmoid": lambda a: min(max(a / 6 + 0.5, 0.0), 1.0),
    "exp": math.exp,
    "log": math.log,
    "log_sigmoid": lambda a: -math.log1p(math.exp(-a)),
    "maximum": max,
    "positive": lambda y: float(y > 0),
    "between": lambda y: float(0 < y < 1),
    "wins": lambda a, b: 0.5 if a == b else float(a > b),
}


def number(node: Expr, values: dict[str, float]) -> float:
    if node.op == "name":
        return values[node.args[0]]
    return float(node.args[0]) if node.op == "const" else NUMBERS[node.op](*(number(o, values) for o in node.operands))


@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "neg", *FUNCTIONS])
@pytest.mark.parametrize("at", [(0.3, 1.7), (1.9, 0.4)])
def test_partials_equal_finite_differences(op: str, at: tuple[float, float]) -> None:
    labels = ["a", "b"] if op in ("add", "sub", "mul", "div", "maximum") else ["a"]
    node, values = Expr(op, tuple(map(name, labels))), dict(zip(labels, at, strict=False))
    for label, partial in zip(labels, partials(node, lambda e: e), strict=True):
        step = 1e-6
        high, low = (number(node, values | {label: values[label] + s}) for s in (step, -step))
        assert number(partial, values) == pytest.approx((high - low) / (2 * step), abs=1e-8)


@pytest.mark.parametrize(("op", "at", "wanted"), [("relu", (0.0,), [0.0]), ("maximum", (2.0, 2.0), [0.5, 0.5])])
def test_at_a_jump_the_derivative_is_that_of_torch(op: str, at: tuple[float, ...], wanted: list[float]) -> None:
    node = Expr(op, tuple(map(lift, at)))
    assert [number(p, {}) for p in partials(node, lambda e: e)] == wanted


def test_products_have_no_double_sign_and_no_nested_quotient() -> None:
    a, b = name("a"), name("b")
    assert negated(negated(a)) == a
    assert times(a, -b) == negated(a * b)
    assert times(a, lift(1.0) / b) == a / b
