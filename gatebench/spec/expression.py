"""Formulas as data: trees of a small, fixed set of operations.

A cell's update becomes a tuple of `Expr` when it is called with names instead of tensors. `gatebench.spec.formula`
parses the text of a formula in a config, such as `tie: "1 - i"`, into an `Expr`. The backends, the backward pass, the
costs and the printed equations are all made from these trees.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

from gatebench.spec.dated import DatedName

FUNCTIONS = ("sigmoid", "tanh", "relu", "hard_sigmoid", "exp", "log", "log_sigmoid", "maximum")
"""The functions. `maximum` has two arguments, all others have one. hard_sigmoid(a) = min(max(a / 6 + 1 / 2, 0), 1)."""

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "hard_sigmoid", "exp")
"""The activations of a gate: functions of its pre-activation."""

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
"""The pattern of the name of a state or a gate."""

LARGEST = 1e30
"""The bound of the magnitude of numbers in a cell. It is far below the largest number of float32, 3.4e38."""


def _log_sigmoid(a: float) -> float:
    return min(a, 0.0) - math.log1p(math.exp(-abs(a)))


_FOLD: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "neg": operator.neg,
    "sigmoid": lambda a: math.exp(_log_sigmoid(a)),
    "tanh": math.tanh,
    "relu": lambda a: max(a, 0.0),
    "hard_sigmoid": lambda a: min(max(a / 6 + 0.5, 0.0), 1.0),
    "exp": math.exp,
    "log": math.log,
    "log_sigmoid": _log_sigmoid,
    "maximum": max,
}


@dataclass(frozen=True)
class Expr:
    """One node of a formula, with the nodes that it is applied to.

    | op                            | args             | meaning                                                 |
    | ----------------------------- | ---------------- | ------------------------------------------------------- |
    | "name"                        | ("c[t-1]",)      | the value with this name                                |
    | "const"                       | (1.0,)           | a number                                                |
    | "param"                       | ("p.i",)         | a weight vector, shape (H,) or (I,)                     |
    | "matmul"                      | ("R.i", e)       | a weight matrix times e                                 |
    | "add", "sub", "mul", "div"    | (e, e)           | the operation, elementwise                              |
    | "neg"                         | (e,)             | -e                                                      |
    | a name of `FUNCTIONS`, "out"  | (e,) or (e, e)   | the function, elementwise; "out": the output activation |

    Attributes:
        op: the operation.
        args: its operands: nodes, and the name or the number of a leaf.
    """

    op: str
    args: tuple[Any, ...]

    def __add__(self, other: Expr | float) -> Expr:
        return Expr("add", (self, lift(other)))

    def __radd__(self, other: float) -> Expr:
        return Expr("add", (lift(other), self))

    def __sub__(self, other: Expr | float) -> Expr:
        return Expr("sub", (self, lift(other)))

    def __rsub__(self, other: float) -> Expr:
        return Expr("sub", (lift(other), self))

    def __mul__(self, other: Expr | float) -> Expr:
        return Expr("mul", (self, lift(other)))

    def __rmul__(self, other: float) -> Expr:
        return Expr("mul", (lift(other), self))

    def __truediv__(self, other: Expr | float) -> Expr:
        return Expr("div", (self, lift(other)))

    def __rtruediv__(self, other: float) -> Expr:
        return Expr("div", (lift(other), self))

    def __neg__(self) -> Expr:
        return Expr("neg", (self,))

    def __bool__(self) -> bool:
        raise TypeError("an update must not branch on a value")

    @property
    def operands(self) -> tuple[Expr, ...]:
        """The nodes to which the operation is applied."""
        return tuple(a for a in self.args if isinstance(a, Expr))

    @property
    def value(self) -> float | None:
        """The number of a constant; None for all other nodes."""
        return float(self.args[0]) if self.op == "const" else None


def lift(value: Expr | float) -> Expr:
    """Return a number as a constant node, and a node as it is."""
    # Adding 0.0 turns -0.0 into 0.0, so that equal formulas have equal digests.
    return value if isinstance(value, Expr) else Expr("const", (float(value) + 0.0,))


def name(text: str) -> Expr:
    """Return the node for the value with this name."""
    return Expr("name", (DatedName(text),))


def _function(op: str) -> Callable[..., Expr]:
    """Return the Python function that makes nodes of an operation."""

    def call(*operands: Expr | float) -> Expr:
        return Expr(op, tuple(lift(o) for o in operands))

    call.__name__, call.__doc__ = op, f"Return the node that applies {op} pointwise."
    return call


sigmoid, tanh, relu = _function("sigmoid"), _function("tanh"), _function("relu")
exp, log, log_sigmoid, maximum = _function("exp"), _function("log"), _function("log_sigmoid"), _function("maximum")
out = _function("out")
"""The output activation of a cell, which `Cell.out` names: h(·) in Greff et al. 2017, arXiv 1503.04069."""


def activate(activation: str, operand: Expr) -> Expr:
    """Return the node of an activation; the operand itself for "identity"."""
    return operand if activation == "identity" else simplify(Expr(activation, (operand,)))


def ordered(roots: Iterable[Expr]) -> list[Expr]:
    """Return the nodes of these formulas, each once and after its operands."""
    seen: dict[Expr, None] = {}

    def visit(node: Expr) -> None:
        if node not in seen:
            for operand in node.operands:
                visit(operand)
            seen[node] = None

    for root in roots:
        visit(root)
    return list(seen)


def names(node: Expr) -> Iterator[DatedName]:
    """Yield the names that occur in a formula, each once."""
    return (part.args[0] for part in ordered([node]) if part.op == "name")


def rewrite(node: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """Return a formula with some of its nodes replaced, and simplified.

    Args:
        node: the formula.
        change: returns the node in place of a given one, or None to keep it. The operands of a node that is kept are
            rewritten in the same way; a replacement is not rewritten again.
    """
    replacement = change(node)
    if replacement is not None:
        return replacement
    return simplify(Expr(node.op, tuple(rewrite(a, change) if isinstance(a, Expr) else a for a in node.args)))


def substitute(node: Expr, values: Mapping[str, Expr]) -> Expr:
    """Return a formula with formulas inserted for names: all at once, so that a ↔ b exchanges both."""
    return rewrite(node, lambda part: values.get(part.args[0]) if part.op == "name" else None)


def simplify(node: Expr) -> Expr:
    """Return a node without the operations that an ablation made superfluous: 1·a, 0·a, a + 0, a / 1, σ(0).

    The operands of the node must be simplified already. The value is exactly the same for all finite operands, because
    no sum or product is reordered. An operation on numbers that has no finite value stays as it is.
    """
    values = [o.value for o in node.operands]
    if node.op in _FOLD and None not in values:
        return _fold(node, values)
    match node.op, values:
        case ("mul", [1.0, _]) | ("add", [0.0, _]):
            return node.operands[1]
        case ("mul" | "div", [_, 1.0]) | ("add" | "sub", [_, 0.0]):
            return node.operands[0]
        case ("mul", [0.0, _] | [_, 0.0]) | ("div", [0.0, _]) | ("matmul", [0.0]):
            return lift(0.0)
    return node


def _fold(node: Expr, values: list[float | None]) -> Expr:
    """Return an operation on numbers as one number; the node as it is if the number is not finite."""
    try:
        value = _FOLD[node.op](*values)
    except (ArithmeticError, ValueError):
        return node
    return lift(value) if math.isfinite(value) else node


def total(terms: Iterable[Expr]) -> Expr:
    """Return the sum of the terms, added from left to right; 0 if there is no term."""
    return simplify(reduce(lambda a, b: simplify(a + b), terms, lift(0.0)))


def spell(value: float) -> str:
    """Return the shortest usual text of a number that reads back as the same number: "1", "0.1", "1e-09"."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
