"""The partial derivatives of the elementwise operations, as formulas."""

from __future__ import annotations

from collections.abc import Callable

from gatebench.spec.expression import Expr, lift, simplify

INDICATORS = ("positive", "between", "wins")
"""Operations that occur in derivatives only.

positive(y) is 1 if y > 0, else 0. between(y) is 1 if 0 < y < 1, else 0. wins(a, b) is 1 if a > b, 1/2 if a = b, else 0.
"""

SLOW = ("sigmoid", "tanh", "exp", "log", "log_sigmoid")
"""Operations that take longer to compute again than their stored result takes to read from memory."""


def partials(node: Expr, value: Callable[[Expr], Expr]) -> list[Expr]:
    """Return the derivative of an elementwise operation with respect to each of its operands.

    The derivatives read values of the forward pass where that is possible: with y = σ(a), ∂y/∂a = y (1 - y). At points
    without a derivative they have the values of torch: 0 for relu at 0, and 1/2 for both operands of maximum if equal.

    Args:
        node: the operation.
        value: returns the formula by which the backward pass reads the value of a node.
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
    """Return the product a b; a minus sign of b moves to the front, and a (1 / c) becomes a / c."""
    if b.value == -1.0:
        return negated(a)
    if b.op == "neg":
        return negated(times(a, b.operands[0]))
    if b.op == "div" and b.operands[0].value == 1.0:
        return simplify(a / b.operands[1])
    return simplify(a * b)


def negated(node: Expr) -> Expr:
    """Return -node; the operand of the node if it is a negation itself."""
    return node.operands[0] if node.op == "neg" else simplify(-node)
