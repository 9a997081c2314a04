import pytest

from gatebench.errors import UserError
from gatebench.spec.initial_rules import bias_rule, negated_gate, weight_rule


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1.0), (-0.5, -0.5), (None, None), ("chrono", "chrono"), ("-f", "-f")]
)
def test_bias_rules(value: object, expected: object) -> None:
    rule = bias_rule(value)
    assert rule == expected
    assert type(rule) is type(expected), "a whole number and its float must have one digest"


@pytest.mark.parametrize(
    "value", [True, "1", "f", "- f", "-", "-1", "chronos", float("nan"), float("inf"), 10**400, [1], {}]
)
def test_an_unknown_bias_rule_raises(value: object) -> None:
    with pytest.raises(UserError, match=r"An initial bias is .*; it must be a number, chrono, -GATE"):
        bias_rule(value)


def test_negated_gate_is_the_gate_after_the_minus_sign() -> None:
    assert [negated_gate(bias) for bias in ("-f", "chrono", -1.0, None)] == ["f", None, None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uniform", ("uniform", ())),
        ("uniform 0 1", ("uniform", (0.0, 1.0))),
        ("identity", ("identity", ())),
        ("normal 1e-3", ("normal", (0.001,))),
    ],
)
def test_weight_rules(text: str, expected: object) -> None:
    assert weight_rule(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orthogonal",
        "normal",
        "normal x",
        "normal -1",
        "uniform 1",
        "uniform 1 0",
        "uniform nan 1",
        "identity 2",
        "normal inf",
    ],
)
def test_an_unknown_weight_rule_raises(text: str) -> None:
    with pytest.raises(
        UserError,
        match=r"There is no rule for initial weights .*; allowed: uniform, uniform LOW HIGH, identity, normal",
    ):
        weight_rule(text)
