"""Pointwise mathematics as data: one small closed set of operations, recorded as a graph.

An `Expr` is what a cell's update records when it is called with names instead of tensors, and what a config's
`tie: "1 - i"` is parsed into (see `formula`). Tensors, affine numbers and source text are all obtained by walking it.
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
"""Functions by name; all of one argument but `maximum`. hard_sigmoid(a) = min(max(a / 6 + 1 / 2, 0), 1)."""

ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "hard_sigmoid", "exp")
"""What a gate may apply to its pre-activation."""

IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
"""What a state or a gate may be called."""

LARGEST = 1e30
"""Numbers in a cell are smaller than this: finite in float32, with room for arithmetic."""


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
    """One node.

    op and args: ("name", "c[t-1]"), ("const", 1.0), ("param", "p.i"): a vector of learnt weights, ("matmul", "R.i", e):
    a learnt matrix times e, ("add" | "sub" | "mul" | "div", e, e), ("neg", e), or (function, e, …).
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
        """The nodes right below this one."""
        return tuple(a for a in self.args if isinstance(a, Expr))

    @property
    def value(self) -> float | None:
        """The number, where this is a constant."""
        return float(self.args[0]) if self.op == "const" else None


def lift(value: Expr | float) -> Expr:
    """Return numbers as constants, expressions as they are."""
    # + 0.0 makes one zero of two.
    return value if isinstance(value, Expr) else Expr("const", (float(value) + 0.0,))


def name(text: str) -> Expr:
    """Return the value called `text`."""
    return Expr("name", (DatedName(text),))


def _function(op: str) -> Callable[..., Expr]:
    def call(*operands: Expr | float) -> Expr:
        return Expr(op, tuple(lift(o) for o in operands))

    call.__name__, call.__doc__ = op, f"Return the node that applies {op} pointwise."
    return call


sigmoid, tanh, relu = _function("sigmoid"), _function("tanh"), _function("relu")
exp, log, log_sigmoid, maximum = _function("exp"), _function("log"), _function("log_sigmoid"), _function("maximum")
out = _function("out")
"""The cell's output activation h(·), which an ablation may replace (Greff's NOAF)."""


def activate(activation: str, operand: Expr) -> Expr:
    """Return `activation` of `operand`; the identity leaves no node."""
    return operand if activation == "identity" else simplify(Expr(activation, (operand,)))


def ordered(roots: Iterable[Expr]) -> list[Expr]:
    """Return the distinct nodes below and including `roots`, each after its operands."""
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
    """Yield the names that occur in `node`."""
    return (n.args[0] for n in ordered([node]) if n.op == "name")


def rewrite(node: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """Return `node` with every part for which `change` gives something replaced by it, then simplified."""
    replaced = change(node)
    if replaced is not None:
        return replaced
    return simplify(Expr(node.op, tuple(rewrite(a, change) if isinstance(a, Expr) else a for a in node.args)))


def substitute(node: Expr, values: Mapping[str, Expr]) -> Expr:
    """Return `node` with names replaced by expressions."""
    return rewrite(node, lambda n: values.get(n.args[0]) if n.op == "name" else None)


def simplify(node: Expr) -> Expr:
    """Return `node` without the arithmetic that an ablation left behind: 1·a, 0·a, a + 0, a / 1, σ(0).

    Exact over the finite numbers: no reordering, so no rounding changes. What has no finite value stays as it is.
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
    try:
        value = _FOLD[node.op](*values)
    except (ArithmeticError, ValueError):
        return node
    return lift(value) if math.isfinite(value) else node


def total(terms: Iterable[Expr]) -> Expr:
    """Return the sum of the terms, from left to right; 0 for none."""
    return simplify(reduce(lambda a, b: simplify(a + b), terms, lift(0.0)))


def spell(value: float) -> str:
    """Return a number as a person writes it, without losing a digit: "1", "0.1", "1e-09"."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
