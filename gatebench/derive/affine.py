"""The coefficients with which a cell can run as a parallel scan, if it can.

A cell can run as a scan if no matrix product reads the past, and if each state that the next step reads is affine in
its own old value: s[t] = a[t] ⊙ s[t-1] + b[t], where a and b do not depend on the past. (Martin & Cundy 2018, arXiv
1709.04057, section 2.)
"""

from dataclasses import dataclass

from gatebench.spec.cell import Cell
from gatebench.spec.dated import now, previous
from gatebench.spec.definitions import Definitions
from gatebench.spec.expression import Expr, lift, name, names, ordered, simplify, substitute


@dataclass(frozen=True)
class Affine:
    """The coefficients of s[t] = factor ⊙ s[t-1] + offset.

    Attributes:
        factor: a formula of x[t] and weights.
        offset: a formula of x[t] and weights.
    """

    factor: Expr
    offset: Expr


class NotAffine(Exception):  # noqa: N818  (an answer, not a fault)
    """The recurrence is not a scan; the message names the operation that prevents it."""


def scan_coefficients(definitions: Definitions) -> dict[str, Affine]:
    """Return the coefficients of each state that the next step reads, by the state's name.

    Raises:
        NotAffine: the cell cannot run as a scan.
    """
    formulas = definitions.formulas
    read = {dated for formula in formulas.values() for dated in names(formula)}
    carried = [state for state in definitions.memory if previous(state) in read]
    inlined: dict[str, Expr] = {}
    for defined, formula in formulas.items():
        inlined[defined] = substitute(formula, inlined)
    return {state: _affine(inlined[now(state)], state) for state in carried}


def scannable(cell: Cell) -> bool:
    """Return whether the cell can run as a parallel scan.

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


def affine_in(node: Expr, variable: Expr) -> Affine:
    """Return a formula as an affine function of one name, where all other names count as independent of it.

    Raises:
        NotAffine: the formula is not affine in the name.

    Examples:
        >>> from gatebench.spec.formula import parse
        >>> affine_in(parse("z * h + (1 - z) * n"), name("h")).factor == name("z")
        True
    """
    if node == variable:
        return Affine(lift(1.0), lift(0.0))
    if variable not in ordered([node]):
        return Affine(lift(0.0), node)
    return _combine(node.op, [affine_in(operand, variable) for operand in node.operands])


def _affine(node: Expr, state: str) -> Affine:
    """Return a formula as an affine function of the old value of a state; raise if it is none."""
    past = {dated for dated in names(node) if dated.is_previous}
    if not past:
        return Affine(lift(0.0), node)
    if node == name(previous(state)):
        return Affine(lift(1.0), lift(0.0))
    if node.op == "matmul":
        raise NotAffine(f"{node.args[0]} multiplies {', '.join(sorted(past))}")
    if node.op == "name":
        raise NotAffine(f"{state} needs {node.args[0]}")
    return _combine(node.op, [_affine(operand, state) for operand in node.operands])


def _combine(op: str, operands: list[Affine]) -> Affine:
    """Return an operation on affine functions as an affine function; raise if it is none."""
    match op, operands:
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
