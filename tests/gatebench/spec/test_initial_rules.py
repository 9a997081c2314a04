import pytest

from gatebench.errors import UserError
from gatebench.spec.initial_rules import WEIGHT_KINDS, bias_rule, negated_gate, network_rules, weight_rule


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
        ("orthogonal", ("orthogonal", ())),
        ("xavier_normal", ("xavier_normal", ())),
    ],
)
def test_weight_rules(text: str, expected: object) -> None:
    assert weight_rule(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "orthogonal 2",
        "xavier",
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


def test_the_rules_of_a_network_are_rules_of_weights() -> None:
    assert network_rules("default", None) == {}
    assert network_rules("uniform", 0.08) == dict.fromkeys("WRp", "uniform -0.08 0.08")
    assert network_rules("normal", 1e-20) == dict.fromkeys("WRp", "normal 1e-20")
    for kind in WEIGHT_KINDS:
        rules = network_rules(kind, 0.1 if kind in ("uniform", "normal") else None)
        assert all(weight_rule(rule) for rule in rules.values())


@pytest.mark.parametrize(
    ("kind", "scale", "sentence"),
    [
        ("xavier", None, "There is no model.initial_weights 'xavier'; did you mean"),
        ("normal", None, "model.initial_scale is 'null'; it must be a number greater than 0, as .* is normal"),
        ("uniform", 0.0, "model.initial_scale is 0.0; it must be a number greater than 0"),
        ("uniform", float("nan"), "model.initial_scale is nan; it must be a number greater than 0"),
        ("orthogonal", 2.0, "model.initial_scale is 2, but model.initial_weights=orthogonal does not use it"),
        ("default", 0.1, "model.initial_scale is 0.1, but .* set it to null, or choose uniform or normal"),
    ],
)
def test_a_kind_without_its_scale_is_refused(kind: str, scale: float | None, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        network_rules(kind, scale)
