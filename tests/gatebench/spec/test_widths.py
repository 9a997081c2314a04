import pytest

from gatebench.spec.dated import now
from gatebench.spec.expression import Expr, lift, name, sigmoid
from gatebench.spec.widths import needs_square, width

KNOWN = {now("a"): "I", now("i"): "H", now("h"): "H"}
x, h, a, i = name("x[t]"), name("h[t-1]"), name("a[t]"), name("i[t]")
Wx, Wax = Expr("matmul", ("W.i", x)), Expr("matmul", ("W.i", a * x))


@pytest.mark.parametrize(
    ("node", "expected"), [(x, "I"), (a * x, "I"), (h, "H"), (i * h, "H"), (Wx, "H"), (lift(1) - a, "I"), (a * h, "H")]
)
def test_width(node: Expr, expected: str) -> None:
    assert width(node, KNOWN) == expected


@pytest.mark.parametrize(
    ("defined", "formula", "expected"),
    [
        ("i", sigmoid(Wx + Expr("param", ("b.i",))), False),
        ("i", Wax, False),
        ("a", sigmoid(Wx), False),
        ("i", Wx + x, True),
        ("i", i * x, True),
        ("i", a, True),
        ("a", h, True),
        ("h", i * h, False),
        ("i", Expr("matmul", ("R.i", a * h)), True),
    ],
)
def test_needs_square(defined: str, formula: Expr, expected: bool) -> None:
    assert needs_square(now(defined), formula, KNOWN) is expected
