"""Between which values a gate lies, by interval arithmetic on its formula."""

import math
from functools import reduce
from itertools import product

from gatebench.expression import Expr
from gatebench.spec import Cell

Interval = tuple[float, float]

_ANYWHERE: Interval = (-math.inf, math.inf)
_RANGES: dict[str, Interval] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "exp": (0.0, math.inf),
    "log_sigmoid": (-math.inf, 0.0),
}


def unit_gates(cell: Cell) -> frozenset[str]:
    """Return the gates that always lie in [0, 1], for which saturation and timescales mean something."""
    known: dict[str, Interval] = {}
    for name, formula in cell.definitions.formulas.items():
        known[name] = _interval(formula, known)
    return frozenset(g for g in cell.definitions.gates if 0.0 <= known[f"{g}[t]"][0] and known[f"{g}[t]"][1] <= 1.0)


def _interval(node: Expr, known: dict[str, Interval]) -> Interval:
    if node.op == "const":
        return (node.args[0], node.args[0])
    if node.op == "name":
        return known.get(node.args[0], _ANYWHERE)
    if node.op in _RANGES:
        return _RANGES[node.op]
    parts = [_interval(operand, known) for operand in node.operands]
    match node.op, parts:
        case "neg", [(low, high)]:
            return (-high, -low)
        case "add", [(a, b), (c, d)]:
            return (a + c, b + d)
        case "sub", [(a, b), (c, d)]:
            return (a - d, b - c)
        case "mul", [one, other]:
            corners = [0.0 if 0.0 in pair else math.prod(pair) for pair in product(one, other)]
            return (min(corners), max(corners))
        case "maximum", _:
            return reduce(lambda p, q: (max(p[0], q[0]), max(p[1], q[1])), parts)
    return _ANYWHERE
