"""Between which values a gate lies, by interval arithmetic on its formula."""

import math
from functools import reduce
from itertools import product

from gatebench.spec.cell import Cell
from gatebench.spec.dated import now
from gatebench.spec.expression import Expr, lift, simplify

Interval = tuple[float, float]

_ANYWHERE: Interval = (-math.inf, math.inf)
_RANGES: dict[str, Interval] = {  # of the functions that never fall
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "exp": (0.0, math.inf),
    "log": _ANYWHERE,
    "log_sigmoid": (-math.inf, 0.0),
}


def unit_gates(cell: Cell) -> frozenset[str]:
    """Return the gates that always lie in [0, 1], for which saturation and timescales mean something.

    Examples:
        >>> from gatebench import load_cell
        >>> sorted(unit_gates(load_cell("lstm")))
        ['f', 'i', 'o']
    """
    known: dict[str, Interval] = {}
    for name, formula in cell.definitions.formulas.items():
        known[name] = _interval(formula, known)
    return frozenset(g for g in cell.definitions.gates if known[now(g)][0] >= 0.0 and known[now(g)][1] <= 1.0)


def _interval(node: Expr, known: dict[str, Interval]) -> Interval:
    if node.op == "const":
        return (node.args[0], node.args[0])
    if node.op == "name":
        return known.get(node.args[0], _ANYWHERE)
    parts = [_interval(operand, known) for operand in node.operands]
    if node.op in _RANGES:
        (low, high), (least, most) = parts[0], _RANGES[node.op]
        return (_at(node.op, low, least), _at(node.op, high, most))
    match node.op, parts:
        case "neg", [(low, high)]:
            return (-high, -low)
        case "add", [(a, b), (c, d)]:
            return (a + c, b + d)
        case "sub", [(a, b), (c, d)]:
            return (a - d, b - c)
        case "mul", [one, other]:
            return _product(one, other)
        case "div", [one, (low, high)] if low > 0 or high < 0:
            return _product(one, (1 / high, 1 / low))
        case "maximum", _:
            return reduce(lambda p, q: (max(p[0], q[0]), max(p[1], q[1])), parts)
    return _ANYWHERE


def _product(one: Interval, other: Interval) -> Interval:
    corners = [0.0 if 0.0 in pair else math.prod(pair) for pair in product(one, other)]
    return (min(corners), max(corners))


def _at(op: str, value: float, limit: float) -> float:
    """Return a function's value, or its limit where it has none."""
    found = simplify(Expr(op, (lift(value),))).value if math.isfinite(value) else None
    return limit if found is None else found
