import pytest

from gatebench.errors import UserError
from gatebench.spec.dated import DatedName, now
from gatebench.spec.expression import Expr, name, tanh
from gatebench.spec.order import in_order


def test_each_comes_after_what_it_reads_and_otherwise_as_it_stood() -> None:
    formulas: dict[DatedName, Expr] = {
        now("o"): tanh(name("c[t]")),
        now("i"): name("x[t]"),
        now("f"): name("h[t-1]"),
        now("h"): name("o[t]") * name("f[t]"),
        now("c"): name("i[t]") + name("c[t-1]"),
    }
    ordered = in_order("cell", ["h", "c"], formulas)
    assert list(ordered) == ["i[t]", "c[t]", "o[t]", "f[t]", "h[t]"]
    assert ordered == formulas


def test_what_no_state_needs_is_gone() -> None:
    formulas = {
        now("a"): name("b[t]"),
        now("b"): name("x[t]"),
        now("k"): name("x[t]"),
        now("h"): name("k[t-1]"),
    }
    assert list(in_order("cell", ["h"], formulas)) == ["k[t]", "h[t]"], "k is needed through the next step"


def test_a_circle_is_refused() -> None:
    formulas = {now("i"): name("f[t]"), now("f"): 1 - name("i[t]"), now("h"): name("x[t]") * name("f[t]")}
    with pytest.raises(UserError, match=r"mine: i\[t\] → f\[t\] → i\[t\] is a circle; a gate must not need itself"):
        in_order("mine", ["h"], formulas)


def test_a_circle_through_the_last_step_is_none() -> None:
    formulas = {now("i"): name("f[t]"), now("f"): 1 - name("i[t-1]"), now("h"): name("i[t]")}
    assert list(in_order("mine", ["h"], formulas)) == ["f[t]", "i[t]", "h[t]"]
