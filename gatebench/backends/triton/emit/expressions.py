"""Formulas as Python expressions on tiles (rows of the batch × units)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from gatebench.spec.expression import Expr, ordered

_INFIX = {"add": ("+", 1), "sub": ("-", 1), "mul": ("*", 2), "div": ("/", 2)}
_LEAVES = ("name", "param", "const")
_ATOM, _SIGN = 4, 3

CALLS = {
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "relu": "relu",
    "hard_sigmoid": "hard_sigmoid",
    "exp": "tl.exp",
    "log": "tl.log",
    "log_sigmoid": "log_sigmoid",
    "maximum": "maximum",
    "positive": "positive",
    "between": "between",
    "wins": "wins",
}
"""The function of each operation: of Triton, or of `gatebench.backends.triton.functions`."""


class Expressions:
    """Writes formulas of one step. A part that occurs in several places is computed once, in a variable of its own.

    Attributes:
        lines: the assignments to these variables that have not been fetched with `take_lines`.

    Args:
        formulas: all formulas of the step.
        leaf: returns the text of a name, of a weight vector or of a matrix product.
    """

    def __init__(self, formulas: Iterable[Expr], leaf: Callable[[Expr], str]) -> None:
        self.leaf = leaf
        self.lines: list[str] = []
        self._variables: dict[Expr, str] = {}
        roots = list(formulas)
        nodes = ordered(roots)
        self._uses = Counter(operand for node in nodes if not _is_leaf(node) for operand in node.operands)
        self._uses.update(roots)

    def text(self, formula: Expr) -> str:
        """Return a formula as an expression. The lines that it needs are added to `lines`."""
        return self._text(formula)[0]

    def take_lines(self) -> list[str]:
        """Return `lines`, and empty it."""
        lines, self.lines = self.lines, []
        return lines

    def _text(self, node: Expr) -> tuple[str, int]:
        """Return the text of a node, and how tightly its outermost operation binds."""
        if node in self._variables:
            return self._variables[node], _ATOM
        text, strength = self._new_text(node)
        if self._uses[node] > 1 and node.op not in _LEAVES:
            self._variables[node] = f"part{len(self._variables)}"
            self.lines.append(f"{self._variables[node]} = {text}")
            return self._variables[node], _ATOM
        return text, strength

    def _new_text(self, node: Expr) -> tuple[str, int]:
        if node.op == "const":
            return (repr(node.args[0]), _ATOM) if node.args[0] >= 0 else (f"({node.args[0]!r})", _ATOM)
        if _is_leaf(node):
            return self.leaf(node), _ATOM
        operands = [self._text(operand) for operand in node.operands]
        if node.op in _INFIX:
            sign, strength = _INFIX[node.op]
            (left, left_strength), (right, right_strength) = operands
            # The right operand of the same strength keeps its parentheses: additions are not reordered.
            left = left if left_strength >= strength else f"({left})"
            right = right if right_strength > strength else f"({right})"
            return f"{left} {sign} {right}", strength
        if node.op == "neg":
            ((text, strength),) = operands
            return f"-{text}" if strength >= _SIGN else f"-({text})", _SIGN
        return f"{CALLS[node.op]}({', '.join(text for text, _ in operands)})", _ATOM


def _is_leaf(node: Expr) -> bool:
    """Return whether the caller writes a node. The operand of a matrix product is not written pointwise."""
    return node.op in (*_LEAVES, "matmul", "matmul_t")
