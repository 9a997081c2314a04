"""Where a kernel needs a barrier: a product that reads its operand from memory reads values of other threads."""

from __future__ import annotations

from collections.abc import Iterable

from gatebench.backends.triton.emit.kernel_text import BARRIER
from gatebench.derive.program import products
from gatebench.spec.dated import DatedName, X
from gatebench.spec.expression import Expr


class Visible:
    """Says where barriers belong in one step. With matrices on chip, operands are in registers, and none is needed.

    Args:
        on_chip: whether the matrices, and so the operands of their products, are on chip.
        formulas: all formulas of the step.
    """

    def __init__(self, on_chip: bool, formulas: Iterable[Expr]) -> None:
        self._on_chip = on_chip
        self._operands = {operand for formula in formulas for operand in _operands(formula)}
        self._waiting: set[DatedName] = set()

    def at_the_start(self) -> list[str]:
        """Return the barrier of a step that multiplies values of the step before."""
        return [] if self._on_chip or not any(n.is_previous for n in self._operands) else [BARRIER]

    def before(self, formula: Expr) -> list[str]:
        """Return the barrier that a formula needs, if a product in it reads a value stored since the last barrier."""
        if self._on_chip or not self._waiting & _operands(formula):
            return []
        self._waiting.clear()
        return [BARRIER]

    def stored(self, defined: DatedName) -> None:
        """Note that a value has been stored."""
        self._waiting.add(defined)


def _operands(formula: Expr) -> set[DatedName]:
    """Return the values that the products of a formula multiply, except x, which no kernel writes."""
    return {node.args[1].args[0] for node in products(formula)} - {X}
