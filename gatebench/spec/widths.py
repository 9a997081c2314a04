"""The width of formulas: "I" for the input size, "H" for the hidden size, and formulas that combine both."""

from collections.abc import Mapping

from gatebench.spec.dated import DatedName, X, now
from gatebench.spec.expression import Expr, ordered

Widths = Mapping[DatedName, str]
"""The width of each equation by its name: "i[t]" → "H"."""


def width(node: Expr, widths: Widths) -> str:
    """Return the width of a formula: "I" if all names outside of its matrix products have width I, else "H"."""
    return "I" if _widths_in(node, widths) == {"I"} else "H"


def needs_square(defined: DatedName, formula: Expr, widths: Widths) -> bool:
    """Return whether the equation combines values of width I and H elementwise, so that I = H is needed.

    Args:
        defined: the name of the equation.
        formula: its formula.
        widths: the widths of all equations.
    """
    product_operands = (node.args[1] for node in ordered([formula]) if node.op == "matmul")
    mixed_in_product = any(len(_widths_in(operand, widths)) > 1 for operand in product_operands)
    return mixed_in_product or bool(_widths_in(formula, widths) - {widths[defined]})


def _widths_in(node: Expr, widths: Widths) -> set[str]:
    """Return the widths of all names that occur in a formula outside of matrix products."""
    if node.op == "name":
        read = node.args[0]
        return {"I" if read == X else widths.get(now(read.label), "H")}
    if node.op == "matmul":
        return set()
    return set().union(*(_widths_in(operand, widths) for operand in node.operands))
