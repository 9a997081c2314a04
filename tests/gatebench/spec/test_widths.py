import pytest

from gatebench.spec.expression import Expr, lift, name, sigmoid
from gatebench.spec.widths import needs_square, width

KNOWN = {"a[t]": "I", "i[t]": "H", "h[t]": "H"}
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
        ("i[t]", sigmoid(Wx + Expr("param", ("b.i",))), False),
        ("i[t]", Wax, False),
        ("a[t]", sigmoid(Wx), False),
        ("i[t]", Wx + x, True),
        ("i[t]", i * x, True),
        ("i[t]", a, True),
        ("a[t]", h, True),
        ("h[t]", i * h, False),
        ("i[t]", Expr("matmul", ("R.i", a * h)), True),
    ],
)
def test_needs_square(defined: str, formula: Expr, expected: bool) -> None:
    assert needs_square(defined, formula, KNOWN) is expected
