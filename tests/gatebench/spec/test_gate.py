import pytest

from gatebench.errors import UserError
from gatebench.spec.expression import Expr, lift, name, sigmoid, tanh
from gatebench.spec.gate import CONNECTIONS, Gate

W, R, b, d, p = (
    Expr("matmul", ("W.i", name("x"))),
    Expr("matmul", ("R.i", name("h"))),
    *(Expr("param", (f"{letter}.i",)) for letter in "bdp"),
)


def last(gate: str) -> Expr:
    """Return the term of i that reads a gate of the step before."""
    return Expr("matmul", (f"R.{gate}.i", name(f"{gate}[t-1]")))


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        (Gate(), sigmoid(W + b + R)),
        (Gate("identity", bias=None), W + R),
        (Gate("tanh", inputs=None), tanh(b + R)),
        (Gate("tanh", recurrent=None), tanh(W + b)),
        (Gate(recurrent="tanh(h)"), sigmoid(W + b + Expr("matmul", ("R.i", tanh(name("h")))))),
        (Gate(matrix="diagonal"), sigmoid(W + b + Expr("param", ("R.i",)) * name("h"))),
        (Gate(after="r"), sigmoid(W + b + name("r") * (R + d))),
        (Gate(after="r", bias=None), sigmoid(W + name("r") * R)),
        (Gate(peephole="c[t]"), sigmoid(W + b + R + p * name("c[t]"))),
        (Gate(gates=("i", "f")), sigmoid(W + b + R + last("i") + last("f"))),
        (Gate(plus="tanh(x)"), sigmoid(W + b + R + tanh(name("x")))),
        (Gate(inputs=None, recurrent=None), sigmoid(b)),
        (Gate(inputs=None, recurrent=None, bias=None), lift(0.5)),
        (Gate(tie="1 - f", inputs="nonsense("), 1 - name("f")),
    ],
)
def test_formula(gate: Gate, expected: Expr) -> None:
    assert gate.formula("i") == expected


def test_constant_gates_have_no_second_bias_and_no_recurrent_matrix() -> None:
    assert Gate(after="r").formula("i", {"r"}) == sigmoid(W + b + name("r") * R)
    assert Gate(gates=("f",)).formula("i", {"f"}) == sigmoid(W + b + R)


def test_constant() -> None:
    assert [Gate(tie=tie).constant for tie in ("1", "0.5 * 2 - 1", "1 - f", None)] == [1.0, 0.0, None, None]


def test_equal_values_give_equal_gates() -> None:
    assert Gate(gates=["i", "f", "i"]) == Gate(gates=("i", "f"))  # type: ignore[arg-type]
    assert Gate(gates="i_prime").gates == ("i_prime",)  # type: ignore[arg-type]
    assert Gate(gates=None) == Gate()  # type: ignore[arg-type]
    assert repr(Gate(bias=1)) == repr(Gate(bias=1.0))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"activation": "tahn"}, "There is no activation 'tahn'; did you mean 'tanh'?"),
        ({"activation": None}, "There is no activation 'None'"),
        ({"matrix": "sparse"}, "There is no matrix 'sparse'.*dense, diagonal"),
        ({"width": "G"}, "There is no width 'G'"),
        ({"bias": "f"}, "An initial bias is 'f'"),
        ({"inputs": 1}, "inputs is 1; it must be a formula, or off"),
        ({"recurrent": True}, "recurrent is True"),
        ({"after": ["r"]}, r"after is \['r'\]"),
        ({"peephole": {}}, "peephole is {}"),
        ({"plus": 0.5}, "plus is 0.5"),
        ({"tie": 1.0}, "tie is 1.0"),
        ({"gates": 5}, "gates is 5; it must be a list of gates, or off"),
        ({"gates": [["i"]]}, "it must be a list of gates"),
        ({"gates": True}, "it must be a list of gates"),
    ],
)
def test_what_is_not_allowed_is_refused_in_a_sentence(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Gate(**fields)  # type: ignore[arg-type]


def test_connections_are_the_terms_of_a_pre_activation() -> None:
    assert set(CONNECTIONS) == {"inputs", "recurrent", "matrix", "after", "peephole", "gates", "plus"}
