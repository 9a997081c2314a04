"""Ranges of gates, compared with the values of gates in runs."""

import pytest
import torch

from gatebench import Cell, Gate, cell_names, load_cell
from gatebench.derive.bounds import _RANGES, gate_ranges, unit_gates
from gatebench.spec.expression import FUNCTIONS, name
from tests.gatebench.nn.layers import build, inputs

EXPECTED = {
    "rnn_tanh": set(),
    "lstm": {"i", "f", "o"},
    "lstm_cifg": {"i", "f", "o"},
    "lstm_nig": {"f", "o"},
    "lstm_sigmoid_candidate": {"i", "f", "g", "o"},
    "lstm_tanh_gates": set(),
    "lstm_relu_gates": set(),
    "lstm_hard_gates": {"i", "f", "o"},
    "lstm_attention_input": {"a", "i", "f", "o"},
    "gru": {"r", "z"},
    "janet": {"f", "i"},
    "mingru": {"z"},
    "minlstm": {"f_prime", "i_prime"},
    "slstm": {"o", "i_prime", "f_prime"},
}


@pytest.mark.parametrize(("cell", "gates"), EXPECTED.items())
def test_unit_gates(cell: str, gates: set[str]) -> None:
    assert unit_gates(load_cell(cell)) == gates


@pytest.mark.parametrize("cell", cell_names())
def test_unit_gates_stay_in_0_1_and_other_gates_leave_it(cell: str) -> None:
    layer = build(cell, scale=3.0)
    _, _, gates = layer.trace(inputs(layer, T=40, B=5), backend="reference")
    units = unit_gates(layer.cell)
    for gate, values in gates[0].items():
        inside = bool(((values >= 0) & (values <= 1)).all())
        assert inside >= (gate in units)
        if gate not in units:
            assert not inside, f"{gate} stays in [0, 1], but is not among the unit gates"


@pytest.mark.parametrize("cell", cell_names())
def test_gates_stay_in_their_ranges(cell: str) -> None:
    layer = build(cell, scale=3.0)
    _, _, gates = layer.trace(inputs(layer, T=40, B=5), backend="reference")
    ranges = gate_ranges(layer.cell)
    assert ranges.keys() == gates[0].keys()
    for gate, (low, high) in ranges.items():
        assert low <= gates[0][gate].min()
        assert gates[0][gate].max() <= high


@pytest.mark.parametrize(
    ("formula", "unit"),
    [
        ("1 - i", True),
        ("1 - n", False),
        ("0.5 - 0.5 * n", True),
        ("i * i", True),
        ("-i", False),
        ("0 - (-i)", True),
        ("i + i", False),
        ("i / 2", True),
        ("i / -2", False),
        ("i / (i + 1)", True),
        ("i / i", False),
        ("0.5 * i + 0.5", True),
        ("0.5 * n + 0.5", True),
        ("n * n", False),
        ("maximum(i, 0.5)", True),
        ("maximum(n, 0)", True),
        ("maximum(n, -2)", False),
        ("exp(n)", False),
        ("exp(-i)", True),
        ("exp(-relu(n))", True),
        ("exp(n - 1)", True),
        ("exp(1000 * n)", False),
        ("log(i)", False),
        ("log(i + 1)", True),
        ("-log(i + 1)", False),
        ("relu(n)", True),
        ("relu(h)", False),
        ("sigmoid(n) * relu(h)", False),
        ("tanh(n)", False),
        ("tanh(i)", True),
        ("0.5 * sigmoid(h)", True),
        ("hard_sigmoid(h)", True),
        ("log_sigmoid(h)", False),
        ("i[t-1]", False),
        ("exp(h - maximum(h, n))", True),
        ("exp(h - maximum(n, h))", True),
        ("exp(maximum(n, h) - h)", False),
        ("exp(h - maximum(i, n))", False),
    ],
)
def test_interval_arithmetic(formula: str, unit: bool) -> None:
    gates = {"i": Gate("sigmoid"), "n": Gate("tanh"), "k": Gate(tie=formula)}
    cell = Cell("mine", "a test", ("h",), gates, (name("k") + name("n") * name("i"),))
    assert ("k" in unit_gates(cell)) == unit


def test_sampled_formulas_lie_in_their_interval() -> None:
    torch.manual_seed(0)
    cell = load_cell("lstm").tie("o", "maximum(0.5 * g + 0.5, i) * (1 - f)")
    assert "o" in unit_gates(cell)
    layer = build(cell, scale=3.0)
    values = layer.trace(inputs(layer, T=40, B=5), backend="reference")[2][0]["o"]
    assert values.min() >= 0
    assert values.max() <= 1


def test_every_function_has_a_range() -> None:
    """A function that decreases somewhere cannot have one; it joins `maximum` here."""
    assert set(_RANGES) == set(FUNCTIONS) - {"maximum"}
