"""The range of the values of a gate, by interval arithmetic on its formula."""

import math
from collections.abc import Mapping
from functools import reduce
from itertools import product

from gatebench.spec.cell import Cell
from gatebench.spec.dated import DatedName, now
from gatebench.spec.expression import Expr, lift, simplify

Interval = tuple[float, float]
"""The least and the greatest value; they can be infinite."""

_ANYWHERE: Interval = (-math.inf, math.inf)
_RANGES: dict[str, Interval] = {  # the limits of the monotonically increasing functions
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "exp": (0.0, math.inf),
    "log": _ANYWHERE,
    "log_sigmoid": (-math.inf, 0.0),
}


def unit_gates(cell: Cell) -> frozenset[str]:
    """Return the gates whose values are certain to lie in [0, 1]. Saturation is defined for these gates only.

    Examples:
        >>> from gatebench import load_cell
        >>> sorted(unit_gates(load_cell("lstm")))
        ['f', 'i', 'o']
    """
    return frozenset(gate for gate, (least, most) in gate_ranges(cell).items() if least >= 0.0 and most <= 1.0)


def gate_ranges(cell: Cell) -> dict[str, Interval]:
    """Return for each gate that is computed an interval that is certain to contain its values.

    The intervals can be wider than the true ranges, because names are taken as independent of one another. There is one
    exception: a - m[t] is at most 0 if m[t] is a maximum of a and something else. So exp(i - m[t]) of slstm, which the
    stabiliser m keeps in [0, 1], is found.

    Examples:
        >>> from gatebench import load_cell
        >>> gate_ranges(load_cell("lstm"))["g"]
        (-1.0, 1.0)
    """
    formulas = cell.definitions.formulas
    intervals: dict[str, Interval] = {}
    for dated, formula in formulas.items():
        intervals[dated] = _interval(formula, intervals, formulas)
    return {gate: intervals[now(gate)] for gate in cell.definitions.gates}


def _interval(node: Expr, known: Mapping[str, Interval], formulas: Mapping[DatedName, Expr]) -> Interval:
    """Return an interval that contains all values of a formula.

    Args:
        node: the formula.
        known: the intervals of names; a name without one is unbounded, such as a state of the step before.
        formulas: the formulas of names.
    """
    if node.op == "const":
        return (node.args[0], node.args[0])
    if node.op == "name":
        return known.get(node.args[0], _ANYWHERE)
    parts = [_interval(operand, known, formulas) for operand in node.operands]
    if node.op in _RANGES:
        (low, high), (least, most) = parts[0], _RANGES[node.op]
        return (_at(node.op, low, least), _at(node.op, high, most))
    match node.op, parts:
        case "neg", [(low, high)]:
            return (-high, -low)
        case "add", [(a, b), (c, d)]:
            return (a + c, b + d)
        case "sub", [(a, b), (c, d)]:
            is_below = _is_maximum_of(node.operands[1], node.operands[0], formulas)
            return (a - d, min(b - c, 0.0) if is_below else b - c)
        case "mul", [one, other]:
            return _product(one, other)
        case "div", [one, (low, high)] if low > 0 or high < 0:
            return _product(one, (1 / high, 1 / low))
        case "maximum", _:
            return reduce(lambda p, q: (max(p[0], q[0]), max(p[1], q[1])), parts)
    return _ANYWHERE


def _is_maximum_of(node: Expr, part: Expr, formulas: Mapping[DatedName, Expr]) -> bool:
    """Return whether a node is a maximum of `part` and something else, or the name of such a maximum."""
    if node.op == "name":
        node = formulas.get(node.args[0], node)
    return node.op == "maximum" and part in node.operands


def _product(one: Interval, other: Interval) -> Interval:
    """Return the interval of a product; 0 times infinity counts as 0."""
    corners = [0.0 if 0.0 in pair else math.prod(pair) for pair in product(one, other)]
    return (min(corners), max(corners))


def _at(op: str, value: float, limit: float) -> float:
    """Return a function's value; its limit if the argument or the value is not finite."""
    result = simplify(Expr(op, (lift(value),))).value if math.isfinite(value) else None
    return limit if result is None else result
