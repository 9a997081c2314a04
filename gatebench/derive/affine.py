"""Whether a cell is a parallel scan, and the scan's coefficients.

A cell is one when no matrix product reads the past and each state that the next step reads is affine in its own old
value: s[t] = a ⊙ s[t-1] + b with a and b free of the past. (Martin & Cundy 2018, arXiv 1709.04057, section 2.)
"""

from dataclasses import dataclass

from gatebench.spec.cell import Cell
from gatebench.spec.dated import now, previous
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr, lift, name, names, simplify, substitute


@dataclass(frozen=True)
class Affine:
    """factor ⊙ s[t-1] + offset, both formulas over products of the input and weights."""

    factor: Expr
    offset: Expr


class NotAffine(Exception):  # noqa: N818  (an answer, not a fault)
    """The recurrence is not a scan; the sentence says why."""


def scan_coefficients(definitions: Definitions) -> dict[str, Affine]:
    """Return, for each state that is read in the next step, its coefficients.

    Raises:
        NotAffine: the cell is not a scan.
    """
    formulas = definitions.formulas
    carried = [m for m in definitions.memory if any(previous(m) in names(f) for f in formulas.values())]
    inlined: dict[str, Expr] = {}
    for defined, formula in formulas.items():
        inlined[defined] = substitute(formula, inlined)
    return {state: _push(inlined[now(state)], state) for state in carried}


def scannable(cell: Cell) -> bool:
    """Return whether `scan_coefficients` exist.

    Examples:
        >>> from gatebench import load_cell
        >>> scannable(load_cell("mingru")), scannable(load_cell("gru"))
        (True, False)
    """
    try:
        scan_coefficients(cell.definitions)
    except NotAffine:
        return False
    return True


def _push(node: Expr, state: str) -> Affine:
    past = {n for n in names(node) if n.is_previous}
    if not past:
        return Affine(lift(0.0), node)
    if node == name(previous(state)):
        return Affine(lift(1.0), lift(0.0))
    if node.op == "matmul":
        raise NotAffine(f"{node.args[0]} multiplies {', '.join(sorted(past))}")
    if node.op == "name":
        raise NotAffine(f"{state} needs {node.args[0]}")
    return _combine(node.op, [_push(operand, state) for operand in node.operands])


def _combine(op: str, parts: list[Affine]) -> Affine:
    match op, parts:
        case "neg", [a]:
            return Affine(simplify(-a.factor), simplify(-a.offset))
        case "add", [a, b]:
            return Affine(simplify(a.factor + b.factor), simplify(a.offset + b.offset))
        case "sub", [a, b]:
            return Affine(simplify(a.factor - b.factor), simplify(a.offset - b.offset))
        case "mul", [a, b] if b.factor.value == 0:
            return Affine(simplify(a.factor * b.offset), simplify(a.offset * b.offset))
        case "mul", [a, b] if a.factor.value == 0:
            return Affine(simplify(a.offset * b.factor), simplify(a.offset * b.offset))
        case "div", [a, b] if b.factor.value == 0:
            return Affine(simplify(a.factor / b.offset), simplify(a.offset / b.offset))
    raise NotAffine(f"{op} of a state")
