"""How wide formulas are: "I" as the input, "H" as the hidden units, and where the two meet."""

from collections.abc import Mapping

from gatebench.spec.dated import DatedName, X, now
from gatebench.spec.expression import Expr, ordered

Widths = Mapping[DatedName, str]
"""The width of every definition by its name, "i[t]" → "H"."""


def width(node: Expr, widths: Widths) -> str:
    """Return the width of a formula that stands outside of a matrix product."""
    return "I" if _met(node, widths) == {"I"} else "H"


def needs_square(defined: DatedName, formula: Expr, widths: Widths) -> bool:
    """Return whether values of width I and H meet in this definition, pointwise, so that I = H is needed."""
    products = (node.args[1] for node in ordered([formula]) if node.op == "matmul")
    inside = any(len(_met(operand, widths)) > 1 for operand in products)
    return inside or bool(_met(formula, widths) - {widths[defined]})


def _met(node: Expr, widths: Widths) -> set[str]:
    """Return the widths of all names that occur in a formula outside of matrix products."""
    if node.op == "name":
        read = node.args[0]
        return {"I" if read == X else widths.get(now(read.label), "H")}
    return set() if node.op == "matmul" else set().union(*(_met(operand, widths) for operand in node.operands))
