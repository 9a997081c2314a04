import pytest

from gatebench.errors import UserError
from gatebench.spec.initial_rules import bias_rule, mirrored, start_rule


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1.0), (-0.5, -0.5), (None, None), ("chrono", "chrono"), ("-f", "-f")]
)
def test_bias_rules(value: object, expected: object) -> None:
    found = bias_rule(value)
    assert found == expected
    assert type(found) is type(expected), "a whole number and its float must have one digest"


@pytest.mark.parametrize(
    "value", [True, "1", "f", "- f", "-", "-1", "chronos", float("nan"), float("inf"), 10**400, [1], {}]
)
def test_what_is_no_bias_is_refused(value: object) -> None:
    with pytest.raises(UserError, match=r"An initial bias is .*; it must be a number, chrono, -GATE"):
        bias_rule(value)


def test_mirrored_names_the_other_gate() -> None:
    assert [mirrored(bias) for bias in ("-f", "chrono", -1.0, None)] == ["f", None, None, None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uniform", ("uniform", ())),
        ("uniform 0 1", ("uniform", (0.0, 1.0))),
        ("identity", ("identity", ())),
        ("normal 1e-3", ("normal", (0.001,))),
    ],
)
def test_start_rules(text: str, expected: object) -> None:
    assert start_rule(text) == expected


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
def test_what_is_no_start_rule_is_refused(text: str) -> None:
    with pytest.raises(
        UserError, match=r"There is no start rule .*; allowed: uniform, uniform LOW HIGH, identity, normal"
    ):
        start_rule(text)
