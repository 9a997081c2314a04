"""Derivatives of the pointwise operations, as formulas."""

from __future__ import annotations

from collections.abc import Callable

from gatebench.spec.expression import Expr, lift, simplify

INDICATORS = ("positive", "between", "wins")
"""Operations of derivatives alone: 1 where y > 0; 1 where 0 < y < 1; of (a, b) 1 where a > b, 1/2 where equal."""

SLOW = ("sigmoid", "tanh", "exp", "log", "log_sigmoid")
"""Operations that take longer than reading their result back from memory."""


def partials(node: Expr, value: Callable[[Expr], Expr]) -> list[Expr]:
    """Return the derivative of a pointwise node with respect to each operand; `value` names what was computed.

    Where a derivative jumps it follows torch: 0 for relu at 0, one half each for maximum of equals.
    """
    match node.op, node.operands:
        case "add", _:
            return [lift(1.0), lift(1.0)]
        case "sub", _:
            return [lift(1.0), lift(-1.0)]
        case "neg", _:
            return [lift(-1.0)]
        case "mul", (a, b):
            return [value(b), value(a)]
        case "div", (_, b):
            return [lift(1.0) / value(b), -(value(node) / value(b))]
        case "sigmoid", _:
            return [(y := value(node)) * (1 - y)]
        case "tanh", _:
            return [1 - (y := value(node)) * y]
        case "relu", _:
            return [Expr("positive", (value(node),))]
        case "hard_sigmoid", _:
            return [Expr("between", (value(node),)) * (1 / 6)]
        case "exp", _:
            return [value(node)]
        case "log", (a,):
            return [lift(1.0) / value(a)]
        case "log_sigmoid", (a,):
            return [Expr("sigmoid", (negated(value(a)),))]
        case "maximum", (a, b):
            return [Expr("wins", (value(a), value(b))), Expr("wins", (value(b), value(a)))]
    raise AssertionError(f"no derivative of {node.op}")


def times(a: Expr, b: Expr) -> Expr:
    """Return a b, with signs and quotients kept flat."""
    if b.value == -1.0:
        return negated(a)
    if b.op == "neg":
        return negated(times(a, b.operands[0]))
    if b.op == "div" and b.operands[0].value == 1.0:
        return simplify(a / b.operands[1])
    return simplify(a * b)


def negated(node: Expr) -> Expr:
    """Return -node, without a double sign."""
    return node.operands[0] if node.op == "neg" else simplify(-node)
