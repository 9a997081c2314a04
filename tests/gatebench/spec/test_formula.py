"""The parser for formulas: what it reads, its errors, and that it evaluates nothing."""

import builtins
import warnings
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gatebench.errors import UserError
from gatebench.spec.expression import FUNCTIONS, Expr, exp, lift, log_sigmoid, maximum, name, ordered, tanh
from gatebench.spec.formula import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 - i", 1 - name("i")),
        ("o * tanh(c)", name("o") * tanh(name("c"))),
        ("exp(i - m[t])", exp(name("i") - name("m[t]"))),
        ("log_sigmoid(f) + m[t - 1]", log_sigmoid(name("f")) + name("m[t-1]")),
        ("maximum(a, 0.5)", maximum(name("a"), 0.5)),
        ("-(a + b) / 2", -(name("a") + name("b")) / 2),
        ("(a\n + b)", name("a") + name("b")),
        ("(" * 90 + "i" + ")" * 90, name("i")),
        ("-2", lift(-2)),
        ("2 * 3 - 1", lift(5)),
        ("1 * i + 0", name("i")),
        ("sigmoid(0)", lift(0.5)),
        ("1e-3", lift(0.001)),
        (0.25, lift(0.25)),
        ("a - b - c", (name("a") - name("b")) - name("c")),
    ],
)
def test_parse(text: str | float, expected: Expr) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "cannot be read; write for example '1 - i'"),
        ("1 -", "The formula '1 -' cannot be read"),
        ("i ^ 2", "cannot be read"),
        ("i ** 2", r"'i\*\*2' is not allowed in the formula 'i \*\* 2'"),
        ("tan(i)", "There is no function 'tan'; did you mean 'tanh'"),
        ("out(c)", "There is no function 'out'"),
        ("maximum(i)", "maximum takes 2 arguments in the formula"),
        ("tanh(i, f)", "tanh takes 1 argument in the formula"),
        ("tanh(x=i)", "'tanh\\(x=i\\)' is not allowed|cannot be read"),
        ("tanh(*i)", r"'\*i' is not allowed"),
        ("c[t+1]", r"'c\[t\+1\]' is not allowed"),
        ("c[0]", "is not allowed"),
        ("c.real", "'c.real' is not allowed"),
        ("True", "'True' is not allowed"),
        ("None", "'None' is not allowed"),
        ("1j", "'1j' is not allowed"),
        ("'i'", "cannot be read"),
        ("i if f else o", "is not allowed"),
        ("lambda: 1", "cannot be read"),
        ("[i, f]", "is not allowed"),
        ("i and f", "is not allowed"),
        ("1e999", "'1e999' is not allowed"),
        ("9" * 400, "is not allowed"),
        ("σ(i)", "cannot be read"),
        ("i\0", "cannot be read"),
        ("-" * 990 + "i", "nested operations|cannot be read"),
        ("+".join("i" * 45), "more than 40 nested operations"),
        ("c[" + "-" * 900 + "t]", "is not allowed|cannot be read"),
        ("a" + ".b" * 480, "is not allowed|cannot be read"),
        ("i" * 1001, "has 1001 characters; at most 1000"),
    ],
)
def test_a_text_that_is_no_formula_raises_an_error_of_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        parse(text)


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.text(), st.text("ifoct01[-] +*/(),.\n", max_size=40), st.text("\"'{}:=!%&|<>@~;#\\ifo\t\0", max_size=40)
    )
)
@example("0or 1")
@example("1if 1else 2")
@example("__import__('os')")
@example("().__class__")
@example("c[__import__]")
def test_any_text_is_a_formula_or_raises_a_user_error(text: str) -> None:
    """Never another exception, never a warning, and nothing is evaluated."""
    with warnings.catch_warnings(), suppress(UserError):
        warnings.simplefilter("error")
        nodes = ordered([parse(text)])
        assert {node.op for node in nodes} <= {"name", "const", "add", "sub", "mul", "div", "neg", *FUNCTIONS}


def test_nothing_is_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[object] = []
    monkeypatch.setattr(builtins, "exp", called.append, raising=False)
    assert parse("exp(i)") == exp(name("i"))
    assert not called
