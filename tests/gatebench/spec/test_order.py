import pytest

from gatebench.errors import UserError
from gatebench.spec.expression import Expr, name, tanh
from gatebench.spec.order import in_order, plain


def test_plain() -> None:
    assert [plain(timed) for timed in ("c[t-1]", "c[t]", "c")] == ["c", "c", "c"]


def test_each_comes_after_what_it_reads_and_otherwise_as_it_stood() -> None:
    formulas: dict[str, Expr] = {
        "o[t]": tanh(name("c[t]")),
        "i[t]": name("x[t]"),
        "f[t]": name("h[t-1]"),
        "h[t]": name("o[t]") * name("f[t]"),
        "c[t]": name("i[t]") + name("c[t-1]"),
    }
    ordered = in_order("cell", ["h", "c"], formulas)
    assert list(ordered) == ["i[t]", "c[t]", "o[t]", "f[t]", "h[t]"]
    assert ordered == formulas


def test_what_no_state_needs_is_gone() -> None:
    formulas = {
        "a[t]": name("b[t]"),
        "b[t]": name("x[t]"),
        "k[t]": name("x[t]"),
        "h[t]": name("k[t-1]"),
    }
    assert list(in_order("cell", ["h"], formulas)) == ["k[t]", "h[t]"], "k is needed through the next step"


def test_a_circle_is_refused() -> None:
    formulas = {"i[t]": name("f[t]"), "f[t]": 1 - name("i[t]"), "h[t]": name("x[t]") * name("f[t]")}
    with pytest.raises(UserError, match=r"mine: i\[t\] → f\[t\] → i\[t\] is a circle; a gate must not need itself"):
        in_order("mine", ["h"], formulas)


def test_a_circle_through_the_last_step_is_none() -> None:
    formulas = {"i[t]": name("f[t]"), "f[t]": 1 - name("i[t-1]"), "h[t]": name("i[t]")}
    assert list(in_order("mine", ["h"], formulas)) == ["f[t]", "i[t]", "h[t]"]
